groupadd --gid 10001 msctl
useradd --uid 10001 --gid msctl --home-dir /app --shell /usr/sbin/nologin msctl
install -d -o msctl -g msctl /app /var/lib/msctl
install -d /usr/local/share/ca-certificates
find /stage/certificates -name '*.crt' -exec cp --target-directory /usr/local/share/ca-certificates {} +
update-ca-certificates
python3 -m venv /opt/msctl
HOME=/stage PIP_CONFIG_FILE=/stage/pip.conf /opt/msctl/bin/python -m pip install \
    --disable-pip-version-check --no-cache-dir --progress-bar off --requirement /stage/requirements.txt
# OpenSSL reads the whole bundle for every context, and aiohttp makes two at import: 70 ms of CPU for each process.
# The folder beside it trusts the same certificates and is read as they are needed.
rm /usr/lib/ssl/cert.pem
