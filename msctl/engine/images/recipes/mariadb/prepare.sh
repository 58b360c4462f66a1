groupadd --gid 999 mysql
useradd --uid 999 --gid mysql --home-dir /var/lib/mysql --shell /bin/bash mysql
