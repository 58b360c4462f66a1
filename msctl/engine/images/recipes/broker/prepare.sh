groupadd --gid 999 rabbitmq
useradd --uid 999 --gid rabbitmq --home-dir /var/lib/rabbitmq --shell /bin/sh rabbitmq
