//! What a person finds in an archive: how to check it without Cordon.

use crate::public_key::PublicKey;
use containment::ids::IncidentId;

pub(super) fn text(incident: &IncidentId, key: &PublicKey) -> String {
    TEXT.replace("{incident}", incident.as_str()).replace("{fingerprint}", key.fingerprint())
}

/// The indented lines are one shell script, and a test runs it.
const TEXT: &str = r#"The record of the incident {incident}, as Cordon exported it

index.json       what each file was called in the evidence bucket, and what could not be read
journal/         the journal's events in order, as they were written
objects/         what was captured
public-key.pem   the public key, for convenience: see 1
signed/          signed heads of the journal, and manifests of what was captured

The first line of a file in signed/ is what was signed, the second its signature: ECDSA on P-256 with SHA-256, as DER in
base64.

`cordon evidence verify` checks this file as it is. Without Cordon, unpack it and run the indented lines in a shell, in
the folder that holds this text. What they print after FAILED is not what Cordon recorded.

1. The key. Whoever made this archive could put any key into it. Compare what this prints with the fingerprint that you
know from elsewhere, best from the account: `aws kms get-public-key`. The archive was exported with
{fingerprint}.

    openssl pkey -pubin -in public-key.pem -outform DER | sha256sum | cut -d ' ' -f 1

2. The journal: each event names the SHA-256 of the one before it.

    previous=0000000000000000000000000000000000000000000000000000000000000000
    for event in journal/*; do
      grep -q "\"previous\":\"$previous\"" "$event" || echo "FAILED: $event does not follow the event before it"
      previous=$(sha256sum "$event" | cut -d ' ' -f 1)
    done

3. The signatures, and the events that they vouch for.

    for file in signed/*; do
      head -n 1 "$file" | tr -d '\n' > document.tmp
      sed -n '2s/.*"signature":"\(.*\)".*/\1/p' "$file" | openssl base64 -d -A > signature.tmp
      openssl dgst -sha256 -verify public-key.pem -signature signature.tmp document.tmp > /dev/null 2>&1 ||
        echo "FAILED: the signature of $file"
      event=$(sed -n '1s/.*"journal":{"sequence":\([0-9]*\),.*/\1/p' "$file")
      hash=$(sed -n '1s/.*"journal":{"sequence":[0-9]*,"hash":"\([0-9a-f]*\)"}.*/\1/p' "$file")
      sha256sum "$(printf 'journal/%06d.json' "$event")" 2> /dev/null | grep -q "^$hash " ||
        echo "FAILED: event $event is not the one that $file vouches for"
      grep -q '"incident":"{incident}"' "$file" || echo "FAILED: $file is of another incident"
    done

4. The objects: the signed manifests list the SHA-256 of each.

    grep -h '"kind":"cordon-evidence-manifest"' signed/* |
      grep -o '"sha256":"[0-9a-f]*"' | cut -d '"' -f 4 | sort -u > listed.tmp
    sha256sum objects/* | cut -d ' ' -f 1 | sort -u > found.tmp
    comm -23 listed.tmp found.tmp | sed 's/^/FAILED: no object has the listed SHA-256 /'
    comm -13 listed.tmp found.tmp | sed 's/^/FAILED: no manifest lists the SHA-256 /'
    rm -f document.tmp signature.tmp listed.tmp found.tmp

What no archive can show by itself: that nothing happened after its last signed head. The evidence bucket can.
"#;
