#!/bin/sh
# Starts nginx; signs a certificate for a first look where none was given; follows replicas that come back
# under another address, because nginx asks for addresses only when it reads its configuration.
set -eu
cd /certificates
if [ ! -s certificate.pem ]; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost \
    -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -keyout key.pem -out certificate.pem 2> /dev/null
  echo "gateway: no certificate.pem given, signed one for localhost" >&2
fi
conf=/etc/kurzfassung/nginx.conf
addresses() { getent ahostsv4 service-1; getent ahostsv4 service-2; }

nginx -c "$conf" -g 'daemon off;' &
nginx=$!
trap 'kill -QUIT $nginx' TERM INT
known="$(addresses || true)"
while kill -0 "$nginx" 2> /dev/null; do
  sleep 2 & wait $! || true
  now="$(addresses || true)"
  if [ "$now" != "$known" ] && kill -0 "$nginx" 2> /dev/null && nginx -t -q -c "$conf" 2> /dev/null; then
    kill -HUP "$nginx"
    known="$now"
  fi
done
wait "$nginx"
