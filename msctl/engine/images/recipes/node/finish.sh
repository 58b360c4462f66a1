groupadd --gid 10001 msctl
useradd --uid 10001 --gid msctl --home-dir /app --shell /usr/sbin/nologin msctl
install -d -o msctl -g msctl /app
