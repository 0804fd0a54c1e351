#!/bin/sh
# Makes passwords and a token of your own in place of the public ones, before the first `docker compose up`:
# RabbitMQ takes its user from there when it begins with an empty volume, and never again.
set -eu
umask 077
cd "$(dirname "$0")"

new() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

# In the place of what is there: an owner and a mode that were set stay so.
password=$(new)
cat >secrets/rabbitmq.conf <<END
default_user = demo
default_pass = $password
default_user_tags.administrator = true
END
echo "$password" >secrets/rabbitmq-password
new >secrets/warrener-token
new >secrets/grafana-password
cat >env/worker.env <<END
RABBITMQ_HOST=rabbitmq
RABBITMQ_PORT=5672
RABBITMQ_USER=demo
RABBITMQ_PASS=$password
END
echo 'deploy/compose: new passwords; Git shows them as changed: do not commit them' >&2
