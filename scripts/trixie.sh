# Sourced by what fetches packages of Debian trixie, on any Debian release: from the mirror that apt already uses,
# verified by apt's signatures, without touching the system's apt setup; root is not needed.

mirrors() { # [APT OPTION...]: the Debian mirrors that the system's apt is set up with
    apt-get "$@" indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Created-By: Packages' | grep -v security | sort -u
}

fetch_from_trixie() { # FOLDER source|binary PACKAGE...: download to FOLDER; 1 where that fails, which it says
    local folder kind=$2 found mirror
    folder=$(realpath "$1")
    shift 2
    local get=(download) line=deb
    [ "$kind" = binary ] || get=(source --download-only) line=deb-src
    command -v apt-get >/dev/null || { echo "this machine has no apt-get" >&2; return 1; }
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
    local list=$folder/apt/sources.list apt=(-qq -o APT::Sandbox::User="$(id -un)")
    apt+=(-o Dir::State::Lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache")
    if ! found=$(mirrors); then # apt-get update never ran here
        apt-get "${apt[@]}" update || { echo "apt-get update failed" >&2; return 1; }
        found=$(mirrors "${apt[@]}") || { echo "apt has no Debian mirror" >&2; return 1; }
    fi

    apt+=(-o Dir::Etc::SourceList="$list" -o Dir::Etc::SourceParts=/dev/null)
    for mirror in $found; do
        echo "== fetching $* of Debian trixie from $mirror"
        echo "$line [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$list"
        (cd "$folder" && apt-get "${apt[@]}" update && apt-get "${apt[@]}" "${get[@]}" "$@") && return
    done
    echo "no mirror has $* of Debian trixie" >&2
    return 1
}
