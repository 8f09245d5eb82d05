namespace Kist.Cli.Tests.Age;

/// <summary>`kist age` beside the age program, as shells call them.</summary>
public sealed class AgeCommandTests : IDisposable
{
    private const string Prepare = """
        set -e
        exec 2>&1
        kist() { "$KIST" "$@"; }
        kist age keygen -o key.txt &> /dev/null
        alice=$(kist age keygen -y key.txt)
        printf 'sesame' > plain
        printf 'correct horse\n' > passphrase
        set +e

        """;

    /// <summary>A terminal at which each line of standard input is typed when a prompt has been seen.</summary>
    private const string Answer = """
        answer() {
          rm -f seen; : > seen
          { i=0; while IFS= read -r line; do
              i=$((i + 1)); until [ "$(grep -o phrase seen | wc -l)" -ge $((i)) ]; do sleep 0.05; done
              printf '%s\n' "$line"
            done; sleep 1; } | script -qefc "$1" /dev/null > seen
          cat seen
        }

        """;

    private readonly KistRun _kist = new();

    public void Dispose() => _kist.Dispose();

    [Theory]
    [InlineData("kist age -r $alice plain | age -d -i key.txt")]
    [InlineData("kist age --encrypt --armor --recipient=$alice < plain | age -d -i key.txt")]
    [InlineData("kist age encrypt -r $alice - < plain | age -d -i key.txt")]
    [InlineData("kist age -e -i key.txt plain | age -d -i key.txt")]
    [InlineData("echo $alice | kist age -R - plain | age -d -i key.txt")]
    [InlineData("age -r $alice plain | kist age -d -i key.txt")]
    [InlineData("age -a -r $alice plain | kist age decrypt -i key.txt -")]
    [InlineData("age -r $alice plain | kist age -decrypt -identity=key.txt")]
    [InlineData("age -r $alice -o f plain; cat key.txt | kist age -d -i - f")]
    [InlineData("age -r $alice -o f plain; kist age -d -i key.txt -o out f; cat out")]
    [InlineData("age -r $alice -o f plain; kist age -d -i key.txt -o - f | cat")]
    [InlineData("kist age -p --passphrase-file passphrase -o f plain; kist age -d --passphrase-file passphrase f")]
    [InlineData("ssh-keygen -q -t ed25519 -N '' -f id; kist age -R id.pub plain | age -d -i id")]
    [InlineData("ssh-keygen -q -t rsa -N '' -f id; age -R id.pub plain | kist age -d -i id")]
    [InlineData("kist age keygen -pq -o pq 2> pub; kist age -r $(kist age keygen -y pq) plain | kist age -d -i pq")]
    [InlineData("kist age -p --passphrase-file passphrase -o key.age key.txt; age -r $alice -o f plain; "
        + "kist age -d -i key.age --passphrase-file passphrase f")]
    public async Task Files_go_both_ways_with_the_flags_of_age(string script) =>
        Assert.Equal("sesame", (await _kist.ShellAsync(Prepare + script)).Output);

    [Theory]
    [InlineData("kist age plain", "there is nobody to encrypt to")]
    [InlineData("kist age -d -a f", "--armor cannot be used with --decrypt")]
    [InlineData("kist age -d -p f", "--passphrase cannot be used with --decrypt")]
    [InlineData("kist age -d -r $alice f", "recipients cannot be used with --decrypt")]
    [InlineData("kist age -d -e f", "--encrypt and --decrypt cannot both be done")]
    [InlineData("kist age -i key.txt plain", "-i and -j decrypt, unless --encrypt says")]
    [InlineData("kist age -p -r $alice plain", "--passphrase cannot be combined with recipients")]
    [InlineData("kist age -r age1x plain", "-r RECIPIENT: the recipient is misspelt")]
    [InlineData("kist age -R absent plain", "the recipients file absent cannot be read")]
    [InlineData("kist age -r $alice absent", "absent")]
    [InlineData("kist age -x plain", "kist age has no option -x")]
    [InlineData("kist age -R - -r $alice < plain", "standard input can be read for one purpose only")]
    [InlineData("kist age -d -j ../sh f", "a plug-in with characters")]
    [InlineData("kist age -r $alice --json plain", "--json would come between the content")]
    [InlineData("kist age -r $alice -o f plain; kist age keygen -o g &> said; kist age -d -i g f",
        "no identity matched")]
    [InlineData("kist age -p --passphrase-file passphrase -o f plain; kist age -d -i key.txt f", "leave them out")]
    [InlineData("kist age -p --passphrase-file passphrase -o f plain; kist age -d --passphrase-file plain f",
        "the passphrase is not the right one")]
    [InlineData("kist age -d -i key.txt plain", "this is not an age file")]
    [InlineData("kist age keygen -o key.txt", "key.txt is there already, and keys are not overwritten")]
    [InlineData("kist age keygen -y plain", "plain, line 1: unknown type of identity")]
    [InlineData("setsid kist age -p -o f plain", "a passphrase is needed, and there is no terminal to ask for it")]
    public async Task What_cannot_be_done_is_said_and_ends_with_1(string script, string message)
    {
        var ran = await _kist.ShellAsync(Prepare
            + script.Replace("setsid kist", "setsid -w \"$KIST\"", StringComparison.Ordinal));
        Assert.Contains("Error: ", ran.Output);
        Assert.Contains(message, ran.Output);
        Assert.Equal(1, ran.ExitCode);
    }

    [Fact]
    public async Task The_output_file_appears_only_when_all_of_the_content_is_authentic()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            head -c 300000 /dev/zero > big; kist age -r $alice -o f big
            head -c 290000 f > cut
            printf old > kept; chmod 600 kept
            kist age -d -i key.txt -o new cut; ls new
            kist age -d -i key.txt -o kept cut; cat kept; ls -A | grep -c '^\.'
            kist age -d -i key.txt cut | wc -c
            kist age -d -i key.txt -o kept f && cmp big kept && stat -c %a kept
            """);
        Assert.Matches("""
            (?s)^Error: the content has been altered.*cannot access 'new'.*
            Error: the content has been altered.*old0
            .*262144
            600
            $
            """.ReplaceLineEndings("\n"), ran.Output);
    }

    [Fact]
    public async Task An_empty_content_makes_an_empty_file() =>
        Assert.Equal("0\n", (await _kist.ShellAsync(Prepare
            + "kist age -r $alice -o f < /dev/null; kist age -d -i key.txt -o e f; stat -c %s e")).Output);

    [Fact]
    public async Task A_link_is_followed_and_a_pipe_is_written()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            kist age -r $alice -o f plain
            printf old > file; ln -s file link; ln -s absent dangling
            kist age -d -i key.txt -o link f; test -L link && cat file; echo
            kist age -d -i key.txt -o dangling f; cat absent; echo
            kist age -d -i key.txt -o /dev/stdout f | cat; echo
            mkfifo pipe; cat pipe & kist age -d -i key.txt -o pipe f; wait
            """);
        Assert.Equal("sesame\nsesame\nsesame\nsesame", ran.Output);
    }

    [Fact]
    public async Task A_key_file_is_readable_by_its_owner_alone_and_names_its_public_half()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            umask 000; kist age keygen -o new 2> said
            stat -c %a new; cat said; grep -o 'public key: .*' new; age-keygen -y new
            """);
        var lines = ran.Output.Split('\n');
        Assert.Equal("600", lines[0]);
        Assert.Equal("Public key: " + lines[3], lines[1]);
        Assert.Equal("public key: " + lines[3], lines[2]);
    }

    [Fact]
    public async Task Binary_is_not_written_to_a_terminal_unless_that_is_meant()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            export NO_COLOR=1; printf 'a\0b' | kist age -r $alice -o f
            script -qec "$KIST age -r $alice plain" /dev/null
            script -qec "$KIST age -d -i key.txt f" /dev/null
            script -qec "$KIST age -a -r $alice plain" /dev/null | head -n 1
            script -qec "$KIST age -d -i key.txt -o - f" /dev/null | od -An -c
            """);
        Assert.Matches("""
            (?s)^Error: binary is not written to a terminal.*
            Error: the content is not text.*
            -----BEGIN AGE ENCRYPTED FILE-----.*   a  .0   b
            $
            """.ReplaceLineEndings("\n"), ran.Output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_passphrase_is_asked_for_at_the_terminal_and_not_shown()
    {
        var ran = await _kist.ShellAsync(Prepare + Answer + """
            printf 'open sesame\nopen sesame\n' | answer "$KIST age -p -o f plain < /dev/null"
            printf 'open sesame\n' | answer "cat f | $KIST age -d"
            """);
        Assert.Contains("Enter passphrase (leave empty to autogenerate a secure one): ", ran.Output);
        Assert.Contains("Confirm passphrase: ", ran.Output);
        Assert.Contains("Enter passphrase: ", ran.Output);
        Assert.EndsWith("sesame", ran.Output.TrimEnd());
        Assert.DoesNotContain("open", ran.Output);
    }

    [Fact]
    public async Task An_empty_passphrase_makes_a_strong_one_that_is_shown_once()
    {
        var ran = await _kist.ShellAsync(Prepare + Answer + """
            echo | answer "$KIST age -p -o f plain < /dev/null" > said
            grep -o 'autogenerated passphrase .*' said | tr -d '\r' | cut -d ' ' -f 3 > made
            kist age -d --passphrase-file made f; echo; cat made
            """);
        Assert.Matches("^sesame\n([a-z1-9]{5}-){5}[a-z1-9]\n$", ran.Output);
    }

    [Fact]
    public async Task A_prompt_that_is_broken_off_leaves_nothing_and_ends_with_130()
    {
        var ran = await _kist.ShellAsync(Prepare + Answer + """
            printf '\003\n' | answer "$KIST age -p -o f plain < /dev/null; echo ended with \$?"; ls f
            """);
        Assert.Contains("ended with 130", ran.Output);
        Assert.Contains("cannot access 'f'", ran.Output);
    }

    [Fact]
    public async Task A_plug_in_is_found_in_PATH()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            mkdir bin; cat > bin/age-plugin-known <<'END'
            #!/bin/bash
            while read -r line; do [ "$line" != "-> done" ] || break; done
            printf -- '-> error internal\n%s\n' "$(printf 'called as %s' "$1" | base64 -w 0 | tr -d =)"
            END
            chmod +x bin/age-plugin-known
            kist age -r $alice -o f plain
            PATH=$PWD/bin:$PATH "$KIST" age -d -j known f
            """);
        Assert.StartsWith("Error: plug-in known: called as --age-plugin=identity-v1\n", ran.Output);
    }
}
