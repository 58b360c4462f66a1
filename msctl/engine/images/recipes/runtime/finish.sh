groupadd --gid 10001 msctl
useradd --uid 10001 --gid msctl --home-dir /app --shell /usr/sbin/nologin msctl
install -d -o msctl -g msctl /app /var/lib/msctl
install -d /usr/local/share/ca-certificates
find /stage/certificates -name '*.crt' -exec cp --target-directory /usr/local/share/ca-certificates {} +
update-ca-certificates
python3 -m venv /opt/msctl
HOME=/stage PIP_CONFIG_FILE=/stage/pip.conf /opt/msctl/bin/python -m pip install \
    --disable-pip-version-check --no-cache-dir --progress-bar off --no-compile --requirement /stage/requirements.txt
# The root is archived with its times cut off at the start of its making, so bytecode that is held against the times
# of its sources would be stale: every process would compile all that it imports, 0.5 s of CPU at each start.
/opt/msctl/bin/python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /opt/msctl/lib
# OpenSSL reads the whole bundle for every context, and aiohttp makes two at import: 70 ms of CPU for each process.
# The folder beside it trusts the same certificates and is read as they are needed.
rm /usr/lib/ssl/cert.pem
