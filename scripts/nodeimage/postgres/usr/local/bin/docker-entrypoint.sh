#!/bin/sh
# Starts PostgreSQL and, on an empty PGDATA, makes the database first. Takes the
# variables of the official image: POSTGRES_PASSWORD (or _FILE), POSTGRES_USER,
# POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, PGDATA, and the
# scripts in /docker-entrypoint-initdb.d.
set -eu

main() {
	case ${1-} in
	-*) set -- postgres "$@" ;;
	esac
	[ "${1-}" = postgres ] || exec "$@"
	if [ "$(id -u)" -eq 0 ]; then become_postgres "$@"; fi
	[ -s "$PGDATA/PG_VERSION" ] || create
	exec "$@"
}

# PostgreSQL refuses to run as root; the volume may still be root's.
become_postgres() {
	mkdir -p "$PGDATA"
	chmod 700 "$PGDATA"
	find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
	# shellcheck disable=SC2016 # for the new shell to expand
	exec su -s /bin/sh -c 'exec "$0" "$@"' postgres "$0" "$@"
}

create() {
	if [ -n "${POSTGRES_PASSWORD_FILE-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
	method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
	if [ -z "${POSTGRES_PASSWORD-}" ] && [ "$method" != trust ]; then
		echo 'Error: Database is uninitialized and superuser password is not specified; set POSTGRES_PASSWORD' >&2
		exit 1
	fi
	user=${POSTGRES_USER:-postgres}
	database=${POSTGRES_DB:-$user}
	mkdir -p "$PGDATA"
	password=$(mktemp)
	printf '%s\n' "${POSTGRES_PASSWORD-}" >"$password"
	set --
	if [ -n "${POSTGRES_PASSWORD-}" ]; then set -- --pwfile="$password"; fi
	# shellcheck disable=SC2086 # arguments, one a word
	initdb --username="$user" "$@" ${POSTGRES_INITDB_ARGS-}
	rm -f "$password"
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
	populate "$user" "$database"
}

# A server that only this script reaches runs for as long as the database is filled.
populate() { # user database
	pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start
	if [ "$2" != postgres ]; then
		echo 'CREATE DATABASE :"db"' | psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$1" -d postgres -v db="$2"
	fi
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
		*.sh) sh "$file" ;;
		*.sql) psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$1" -d "$2" -f "$file" ;;
		esac
	done
	pg_ctl -D "$PGDATA" -m fast -w stop
}

main "$@"
