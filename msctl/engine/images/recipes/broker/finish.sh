rm -rf /var/lib/rabbitmq /var/log/rabbitmq
install -d -o rabbitmq -g rabbitmq -m 0700 /var/lib/rabbitmq
install -d -o rabbitmq -g rabbitmq -m 0755 /etc/rabbitmq /var/log/rabbitmq
cd /usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins
find . -maxdepth 1 -name 'rabbitmq_*' ! -name 'rabbitmq_prelaunch-*' -exec rm -rf {} +
rm -rf amqp10_client-* base64url-* cowboy-* cowlib-* eetcd-* gun-* jose-* prometheus-* quantile_estimator-*
# Boots in half of the time; says why. Its bytecode is made here, since that belongs to one release of Erlang.
cd rabbit-*/ebin
erlc +deterministic /stage/msctl_boot.erl
