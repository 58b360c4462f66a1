groupadd --gid 1000 consul
useradd --uid 100 --gid consul --home-dir /consul --shell /usr/sbin/nologin consul
