groupadd --gid 999 redis
useradd --uid 999 --gid redis --home-dir /data --shell /usr/sbin/nologin redis
