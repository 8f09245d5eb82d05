namespace Kist.Cli.Tests.Files;

/// <summary>`kist file` as shells call it.</summary>
public sealed class FileCommandTests : IDisposable
{
    private const string Prepare = """
        set -e
        exec 2>&1
        kist() { "$KIST" "$@"; }
        mkdir -p .config/sops/age
        kist age keygen -o .config/sops/age/keys.txt &> /dev/null
        me=$(kist age keygen -y .config/sops/age/keys.txt)
        kist age keygen -o bob.txt &> /dev/null
        bob=$(kist age keygen -y bob.txt)
        printf 'db:\n    password: sesame\n    port: 5432\nname: app\n' > plain.yaml
        cp plain.yaml s.yaml
        kist file encrypt -i --age $me s.yaml
        set +e

        """;

    private readonly KistRun _kist = new(token: null);

    public void Dispose() => _kist.Dispose();

    [Theory]
    [InlineData("kist file decrypt s.yaml | cmp - plain.yaml && echo same", "same\n")]
    [InlineData("kist sops -d s.yaml | cmp - plain.yaml && echo same", "same\n")]
    [InlineData("kist sops decrypt < s.yaml --input-type yaml --output-type yaml | cmp - plain.yaml; echo $?", "0\n")]
    [InlineData("kist file get s.yaml db.password", "sesame")]
    [InlineData("kist file get s.yaml '[\"db\"][\"port\"]'", "5432\n")]
    [InlineData("grep -c sesame s.yaml", "0\n")]
    [InlineData("kist file filestatus s.yaml; kist file filestatus plain.yaml",
        "{\"encrypted\":true}\n{\"encrypted\":false}\n")]
    [InlineData("kist file decrypt --output out s.yaml; kist file decrypt -i s.yaml; cmp out s.yaml && echo same",
        "same\n")]
    [InlineData("kist file encrypt --filename-override x.env --age $me <<< A=1 | grep -o ^A=ENC", "A=ENC\n")]
    [InlineData("kist sops --age=$me -e plain.yaml | kist sops --input-type yaml --output-type json -d /dev/stdin",
        "{\n\t\"db\": {\n\t\t\"password\": \"sesame\",\n\t\t\"port\": 5432\n\t},\n\t\"name\": \"app\"\n}\n")]
    public async Task Files_are_encrypted_and_decrypted(string script, string output) =>
        Assert.Equal(output, (await _kist.ShellAsync(Prepare + script)).Output);

    [Theory]
    [InlineData("kist file set s.yaml db.port 6000", "password|name")]
    [InlineData("printf '\"x\"' | kist file set --value-stdin s.yaml db.new", "password|name|port")]
    [InlineData("kist sops set s.yaml '[\"db\"][\"port\"]' 6000", "password|name")]
    [InlineData("kist sops --set '[\"db\"][\"port\"] 6000' s.yaml", "password|name")]
    [InlineData("kist file unset s.yaml db.port", "password|name")]
    [InlineData("EDITOR='sed -i s/5432/6000/' kist file edit s.yaml", "password|name")]
    [InlineData("EDITOR='sed -i s/5432/6000/' kist sops s.yaml", "password|name")]
    public async Task Values_that_do_not_change_keep_their_ciphertext(string change, string kept)
    {
        var ran = await _kist.ShellAsync(Prepare + $"""
            chmod 640 s.yaml; cp s.yaml before; {change} || echo failed
            diff <(grep -E ' *({kept}):' before) <(grep -E ' *({kept}):' s.yaml) && echo kept
            cmp -s before s.yaml || echo changed
            kist file decrypt s.yaml > /dev/null && stat -c %a s.yaml; ls -A | grep -c '^\.s'
            """);
        Assert.Equal("kept\nchanged\n640\n0\n", ran.Output);
    }

    [Theory]
    [InlineData("kist file exec-env flat.env 'echo $A; exit 7'; echo $?", "1\n7\n")]
    [InlineData("kist file exec-env flat.env -- sh -c 'echo \"$A $1\"' x y; echo $?", "1 y\n0\n")]
    [InlineData("kist file exec-env --pristine flat.env -- /usr/bin/env | grep -v ^A= | wc -l", "0\n")]
    [InlineData("kist file exec-env flat.env 'kill -TERM $$'; echo $?", "Terminated\n143\n")]
    [InlineData("echo in | kist sops exec-env flat.env 'cat; echo $A'", "in\n1\n")]
    [InlineData("kist file exec-file flat.env 'cat {}; test -p {} && echo pipe'", "A=1\npipe\n")]
    [InlineData("kist file exec-file --no-fifo flat.env 'stat -c %a {}; exit 3'; echo $?", "600\n3\n")]
    [InlineData("kist file exec-file flat.env -- cat {}", "A=1\n")]
    [InlineData("TMPDIR=$PWD/t; mkdir t; export TMPDIR; kist file exec-file --no-fifo flat.env true; ls t", "")]
    [InlineData("kist file exec-env flat.env -- nosuchprogram; echo $?",
        "Error: there is no program nosuchprogram in PATH\n127\n")]
    public async Task Programs_get_the_values(string script, string output) =>
        Assert.Equal(output, (await _kist.ShellAsync(
            Prepare + "echo A=1 > flat.env; kist file encrypt -i --age $me flat.env\n" + script)).Output);

    [Theory]
    [InlineData("kist file decrypt absent.yaml", 100, "cannot operate on non-existent file absent.yaml")]
    [InlineData("kist file decrypt plain.yaml", 1, "sops metadata not found")]
    [InlineData("kist file encrypt -i --age $me s.yaml", 203, "seems to be encrypted already")]
    [InlineData("kist file encrypt plain.yaml", 1, "no keys provided")]
    [InlineData("kist file encrypt --age age1x plain.yaml", 1, "--age: the age recipient")]
    [InlineData("kist file encrypt --kms x plain.yaml", 1, "--kms: x is no key of AWS KMS")]
    [InlineData("kist file encrypt --kms arn:aws:kms:eu-west-1:1:key/a --encryption-context x plain.yaml", 6,
        "name:value")]
    [InlineData("kist file encrypt --age $me --encrypted-suffix a --encrypted-regex b plain.yaml", 8,
        "more than one of")]
    [InlineData("rm .config/sops/age/keys.txt; kist file decrypt s.yaml", 128, "SOPS_AGE_KEY_FILE is not set")]
    [InlineData("sed -i 's/port: ENC/prot: ENC/' s.yaml; kist file decrypt s.yaml", 25, "prot")]
    [InlineData("sed -i '/name:/d' s.yaml; kist file decrypt s.yaml", 51, "MAC")]
    [InlineData("kist file decrypt --decryption-order age,age s.yaml", 112, "Duplicate decryption key type: age")]
    [InlineData("kist file decrypt --extract x s.yaml", 91, "error parsing --extract path")]
    [InlineData("EDITOR=true kist file edit s.yaml", 200, "has not changed")]
    [InlineData("EDITOR= PATH= $KIST file edit s.yaml", 201, "no editor")]
    [InlineData("kist file rotate --add-age $bob new.yaml", 49, "cannot add or remove keys on non-existent file")]
    [InlineData("kist file set s.yaml db.port '\"a'", 7, "not valid JSON")]
    [InlineData("kist file decrypt --keyservice unix://$PWD/none --enable-local-keyservice=false s.yaml", 128, "none")]
    [InlineData("kist file encrypt -i --config absent --age $me plain.yaml", 61, "could not read the configuration")]
    public async Task What_cannot_be_done_is_said_with_the_exit_code_of_sops(string script, int code, string message)
    {
        var ran = await _kist.ShellAsync(Prepare + script);
        Assert.Contains(message, ran.Output);
        Assert.Contains("Error: ", ran.Output);
        Assert.DoesNotContain("sesame", ran.Output);
        Assert.Equal(code, ran.ExitCode);
    }

    [Fact]
    public async Task Recipients_come_and_go()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            kist file rotate -i --add-age $bob s.yaml
            SOPS_AGE_KEY_FILE=bob.txt HOME=/nonexistent kist file get s.yaml name; echo
            printf "creation_rules:\n  - age: $me\n" > .sops.yaml
            kist file updatekeys -y s.yaml &> out; grep -c -- "--- $bob" out
            SOPS_AGE_KEY_FILE=bob.txt HOME=/nonexistent kist file get s.yaml name &> /dev/null; echo $?
            kist file updatekeys -y s.yaml
            kist file get s.yaml name
            """);
        Assert.Equal("app\n1\n128\ns.yaml already up to date\napp", ran.Output);
    }

    [Fact]
    public async Task Groups_of_keys_share_the_data_key()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            kist file groups add -i -f s.yaml --age $bob; kist file get s.yaml name > /dev/null; echo $?
            SOPS_AGE_KEY_FILE=bob.txt kist file get s.yaml name; echo
            kist file groups delete -i -f s.yaml 0; echo $?
            n=--shamir-secret-sharing-threshold
            SOPS_AGE_KEY_FILE=bob.txt kist file groups delete -i -f s.yaml $n 1 1; echo $?
            kist file get s.yaml name
            """);
        Assert.Matches("""
            (?s)^Error: .*
            128
            app
            Error: .*
            .*\d+
            0
            app$
            """.ReplaceLineEndings("\n"), ran.Output);
    }

    [Fact]
    public async Task A_key_service_lends_its_keys()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            "$KIST" file keyservice --network unix --address $PWD/k.sock &> log & service=$!
            for i in $(seq 100); do grep -q Listening log && break; sleep 0.05; done
            stat -c %a k.sock
            export HOME=/nonexistent
            kist file get --enable-local-keyservice=false --keyservice unix://$PWD/k.sock s.yaml name 2>&1; echo
            kist sops --keyservice unix://$PWD/k.sock --age $bob -e plain.yaml > t.yaml
            SOPS_KEYSERVICE=unix://$PWD/k.sock SOPS_AGE_KEY_FILE=bob.txt kist sops -d --extract '["name"]' t.yaml; echo
            SOPS_KEYSERVICE=unix://$PWD/k.sock kist sops -d t.yaml &> out; echo $?; grep -c 'no age identity fits' out
            kill $service; wait $service
            """);
        Assert.StartsWith("600\napp\napp\n128\n1\n", ran.Output);
    }

    [Fact]
    public async Task An_environment_file_is_protected_in_one_command()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            mkdir p; cd p; printf '*.env\n' > .gitignore
            printf 'export A="a b"\nB='"'c#d'"' # e\nM="x\\ny"\n' > .env
            rm ../.config/sops/age/keys.txt
            kist -q file protect .env; ls -A; cat .gitignore; stat -c %a ~/.config/sops/age/keys.txt
            kist file exec-env .enc.env 'echo "$A|$B|$M"'
            """);
        Assert.Equal(".enc.env\n.gitignore\n*.env\n/.env\n!/.enc.env\n600\na b|c#d|x\ny\n", ran.Output);
    }

    [Fact]
    public async Task A_value_is_added_without_a_private_key()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            cp s.yaml before
            printf new | HOME=/nonexistent kist -q file add s.yaml db.token; echo $?
            cmp before s.yaml && ls s.yaml.pending-* | wc -l
            kist sops -d --extract '["value"]' s.yaml.pending-*; echo
            kist file apply s.yaml --yes; kist file get s.yaml db.token; echo; ls s.yaml.pending-* 2> /dev/null | wc -l
            diff <(grep password before) <(grep password s.yaml) && echo kept
            """);
        Assert.Equal("0\n1\nnew\n1 value taken into s.yaml\nnew\n0\nkept\n", ran.Output);
    }

    [Fact]
    public async Task A_person_is_removed_from_a_whole_tree()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            mkdir -p t/sub; cd t
            printf "keys:\n  - &bob $bob\n  - &me $me\ncreation_rules:\n  - age: $me,$bob\n" > .sops.yaml
            cp ../plain.yaml sub/a.yaml; kist file encrypt -i sub/a.yaml; cp sub/a.yaml old
            echo X=1 > b.env; kist file encrypt -i b.env
            kist file revoke bob --yes > out; cat out | grep -v 'is removed'
            grep -c bob .sops.yaml; grep -c $bob .sops.yaml sub/a.yaml b.env
            SOPS_AGE_KEY_FILE=../bob.txt HOME=/nonexistent kist file decrypt sub/a.yaml &> /dev/null; echo $?
            kist file decrypt sub/a.yaml | cmp - ../plain.yaml && echo same
            grep password old sub/a.yaml | sort -u -k2 | wc -l
            kist file revoke $me . --yes &> out; echo $?; grep -c 'nobody else could decrypt' out
            """);
        Assert.Matches("""
            (?s)^\.sops\.yaml names them no more
            b\.env: \["X"\]
            sub/a\.yaml: \["db"\]\["password"\]
            sub/a\.yaml: \["db"\]\["port"\]
            sub/a\.yaml: \["name"\]
            0
            \.sops\.yaml:0
            sub/a\.yaml:0
            b\.env:0
            128
            same
            2
            111
            1
            $
            """.ReplaceLineEndings("\n"), ran.Output);
    }

    [Fact]
    public async Task A_tree_is_verified_with_a_key_and_without()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            mkdir v; cd v; cp ../s.yaml a.yaml; kist file verify; echo $?
            HOME=/nonexistent kist file verify
            printf "creation_rules:\n  - path_regex: yaml$\n    age: $bob\n" > .sops.yaml
            cp ../plain.yaml plain.yaml
            sed -i 's/^name: ENC.*/name: app/' a.yaml
            kist file verify; echo $?
            """);
        Assert.Matches("""
            (?s)^1 of 1 file is as they should be
            0
            1 of 1 file is as they should be; of 1 the MAC was not checked, because no key here opens them
            a\.yaml: \["name"\]: stands in clear, .*
            a\.yaml: age1\w+ can decrypt it, and \.sops\.yaml does not say so
            a\.yaml: age1\w+ cannot decrypt it, and \.sops\.yaml says so: kist file updatekeys
            .*plain\.yaml: is not encrypted, and a rule says that it is to be
            0 of 2 files are as they should be
            1
            $
            """.ReplaceLineEndings("\n"), ran.Output);
    }

    [Fact]
    public async Task Flags_behind_a_file_are_passed_over_with_a_warning_as_with_sops()
    {
        var ran = await _kist.ShellAsync(Prepare + "kist sops decrypt s.yaml --extract '[\"name\"]'");
        Assert.Contains("Only the first one will be used!", ran.Output);
        Assert.Contains("--extract, looks like a flag", ran.Output);
        Assert.Contains("password: sesame", ran.Output);
    }
}
