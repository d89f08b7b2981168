#!/bin/sh
# Get what the operating system must provide, then the virtual environment. Safe to repeat; fast when all is there.
# Usage: boot/install.sh run|test
set -eu
cd "$(dirname "$0")/.."
kind=${1:-run}

packages="python3 python3-venv tesseract-ocr tesseract-ocr-vie tesseract-ocr-script-viet tesseract-ocr-osd poppler-utils qpdf fonts-noto-core libpango-1.0-0 libpangoft2-1.0-0 libseccomp2 libreoffice-writer-nogui fonts-croscore"
[ "$kind" = test ] && packages="$packages chromium default-jdk-headless maven libnss3-tools ghostscript fonts-dejavu-core postgresql strace softhsm2"

if command -v dpkg-query >/dev/null 2>&1; then
    missing=""
    for package in $packages; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] && continue
        # a program that came another way is as good as its package
        case $package in
            chromium) command -v chromium >/dev/null 2>&1 && continue ;;
            default-jdk-headless) command -v javac >/dev/null 2>&1 && continue ;;
            maven) command -v mvn >/dev/null 2>&1 && continue ;;
            postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && continue ;;
            libreoffice-writer-nogui) command -v soffice >/dev/null 2>&1 && continue ;;
            strace) command -v strace >/dev/null 2>&1 && continue ;;
            python3) command -v python3 >/dev/null 2>&1 && continue ;;
            python3-venv) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 && continue ;;
        esac
        missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        echo "Cần cài các gói hệ thống:$missing"
        become=""
        if [ "$(id -u)" -ne 0 ]; then
            if ! command -v sudo >/dev/null 2>&1; then
                echo "Máy này không có sudo. Hãy nhờ quản trị viên chạy: apt-get install$missing" >&2
                exit 4
            fi
            become=sudo
            echo "(sudo có thể hỏi mật khẩu của bạn)"
        fi
        case $missing in *postgresql*)
            # the tests make clusters of their own; the package must neither make nor start one for the whole machine
            if [ ! -e /etc/postgresql-common ]; then
                $become mkdir -p /etc/postgresql-common
                echo "create_main_cluster = false" | $become tee /etc/postgresql-common/createcluster.conf >/dev/null
            fi ;;
        esac
        $become apt-get update -q
        if ! apt-cache policy chromium | grep -q 'Candidate: [0-9]'; then
            # Ubuntu ships its browser as a snap; the browser tests then look for /usr/bin/chromium and say so
            missing=$(printf '%s' "$missing" | sed 's/ chromium//')
        fi
        # shellcheck disable=SC2086  # the list is meant to be split
        $become env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get install -y -q --no-install-recommends $missing
    fi
else
    echo "Không phải Debian/Ubuntu: hãy tự cài các gói tương đương: $packages" >&2
fi

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Cần Python 3.11 trở lên; máy này có $(python3 --version)." >&2
    exit 4
}

lock=requirements.lock
[ "$kind" = test ] && lock=requirements-dev.lock
root=$(pwd)
want="$root $(cat "$lock" | sha256sum | cut -d' ' -f1)"
# the test set contains the run set: a test environment serves `run` too
both="$root $(cat requirements-dev.lock | sha256sum | cut -d' ' -f1)"
have=$(cat .venv/.installed 2>/dev/null || true)
if [ "$have" != "$want" ] && [ "$have" != "$both" ]; then
    case "$have" in "" | "$root "*) ;; *) rm -rf .venv ;; esac
    # an interrupted run may have left a python without pip
    .venv/bin/python -m pip --version >/dev/null 2>&1 || { rm -rf .venv; python3 -m venv .venv; }
    rm -f .venv/.installed
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock"
    site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
    printf '%s\n' "$root" > "$site/vanthu.pth"
    printf '%s' "$want" > .venv/.installed
fi
# written each time: an older one may start the program in another way
cat > .venv/bin/vanthu.new <<'LAUNCH'
#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
exec "$here/python" -m boot "$@"
LAUNCH
chmod +x .venv/bin/vanthu.new
mv -f .venv/bin/vanthu.new .venv/bin/vanthu
