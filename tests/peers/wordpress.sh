#!/usr/bin/env bash
# A real WordPress from Debian's packages on loopback: no Apache, no wp-cli, and a MariaDB of its own on a socket.
#
#   wordpress.sh prepare DIR    copies the program files and makes an empty database folder
#   wordpress.sh db DIR         runs MariaDB until it is ended
#   wordpress.sh install DIR    installs the site and its users, prints their application passwords as JSON
#   wordpress.sh web DIR        runs the site until it is ended; end the process GROUP, PHP leaves its workers behind
#
# HUB_TESTS_URL is the site's address (http://127.0.0.1:PORT). As root MariaDB runs as its own user, which must be able
# to walk through every folder above DIR. To start all of it by hand: .venv/bin/python -m tests.peers.wordpress
set -euo pipefail
PATH=$PATH:/usr/sbin
command=$1
export HUB_TESTS_DIR=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
as_mysql=()
if [ "$(id -u)" = 0 ]; then as_mysql=(setpriv --reuid=mysql --regid=mysql --clear-groups --); fi

prepare() {
  mkdir -p "$HUB_TESTS_DIR/site" "$HUB_TESTS_DIR/db"
  if [ "$(id -u)" = 0 ]; then chown mysql "$HUB_TESTS_DIR/db"; fi
  "${as_mysql[@]}" mariadb-install-db --no-defaults --datadir="$HUB_TESTS_DIR/db" \
    --auth-root-authentication-method=normal --skip-test-db
  # A plain copy, because the packaged site looks for its settings under /etc.
  cp -rL /usr/share/wordpress/. "$HUB_TESTS_DIR/site/"
  mkdir -p "$HUB_TESTS_DIR/site/wp-content/uploads" "$HUB_TESTS_DIR/site/wp-content/mu-plugins"
  cp "$here/site/wp-config.php" "$HUB_TESTS_DIR/site/wp-config.php"
  cp "$here/site/mu-plugin.php" "$HUB_TESTS_DIR/site/wp-content/mu-plugins/hub-tests.php"
}

db() {
  # Nothing of it outlives the tests, so nothing needs to reach the disk.
  exec "${as_mysql[@]}" mariadbd --no-defaults --datadir="$HUB_TESTS_DIR/db" --socket="$HUB_TESTS_DIR/db/socket" \
    --pid-file="$HUB_TESTS_DIR/db/pid" --skip-networking --innodb-flush-log-at-trx-commit=0
}

install() {
  mariadb --no-defaults --user=root --socket="$HUB_TESTS_DIR/db/socket" --execute="
    CREATE DATABASE wp; CREATE USER wp@localhost IDENTIFIED BY 'wp'; GRANT ALL ON wp.* TO wp@localhost"
  php -d display_errors=stderr -d sendmail_path=/bin/true "$here/site/install.php"
}

web() {
  PHP_CLI_SERVER_WORKERS=4 exec php -d sendmail_path=/bin/true -d display_errors=0 -d opcache.enable_cli=1 \
    -d error_log="$HUB_TESTS_DIR/php-errors.log" -S "${HUB_TESTS_URL#http://}" -t "$HUB_TESTS_DIR/site" "$here/site/router.php"
}

"$command"
