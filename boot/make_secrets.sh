#!/bin/sh
# Make the secret files that docker-compose.yml hands to the containers. Safe to repeat: what is there is never changed.
# Usage: boot/make_secrets.sh [FOLDER]      (default: secrets)
set -eu
folder=${1:-"$(dirname "$0")/../secrets"}
umask 077
mkdir -p "$folder"
# Containers run as users of their own and see single files, not this folder. So the folder keeps everybody else on this
# machine out, and the files in it are readable.
chmod 700 "$folder"
for name in postgres_password store_access_key store_secret_key copy_access_key copy_secret_key elastic_password; do
    file="$folder/$name"
    [ -s "$file" ] && continue
    od -An -N20 -tx1 /dev/urandom | tr -d ' \n' > "$file.new"
    chmod 444 "$file.new"
    mv "$file.new" "$file"
    echo "Đã tạo / made: $file" >&2
done
