namespace Kist.Cli.Tests.Files;

/// <summary>Encrypted files in a real repository of git.</summary>
public sealed class GitTests : IDisposable
{
    private const string Prepare = """
        set -e
        exec 2>&1
        mkdir -p bin .config/sops/age; ln -s "$KIST" bin/kist; export PATH=$PWD/bin:$PATH
        export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_PAGER=cat
        export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
        kist age keygen -o .config/sops/age/keys.txt &> /dev/null
        me=$(kist age keygen -y .config/sops/age/keys.txt)
        kist age keygen -o bob.txt &> /dev/null
        bob=$(kist age keygen -y bob.txt)
        mkdir r; cd r; git init -q -b main .
        printf 'a: 1\nb: sesame\nc:\n    d: x\n    e: z\n' > s.yaml
        kist file encrypt -i --age $me s.yaml
        kist -q file git-setup
        git add -A; git commit -qm one
        set +e

        """;

    private readonly KistRun _kist = new(token: null);

    public void Dispose() => _kist.Dispose();

    [Fact]
    public async Task Diff_shows_values_in_clear_to_who_can_decrypt()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            kist file set s.yaml b '"new"'
            git diff | grep '^[-+]'
            echo 'plain: 1' > p.yaml; git add -N p.yaml; git diff p.yaml | grep '^+plain'
            mv ../.config ../away; git diff s.yaml | grep -c 'ENC\['
            """);
        Assert.Equal("--- a/s.yaml\n+++ b/s.yaml\n-b: sesame\n+b: new\n+plain: 1\n", ran.Output[..^2]);
        Assert.NotEqual("0", ran.Output[^2..^1]);
    }

    [Fact]
    public async Task Changes_of_different_values_are_merged_and_the_file_has_one_right_mac()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            git checkout -q -b other; kist file set s.yaml c.d '"theirs"'; kist file set s.yaml f '"added"'
            kist file unset s.yaml a; git commit -qam two
            git checkout -q main; kist file set s.yaml c.e '"ours"'; git commit -qam three
            cp s.yaml before; git merge -q other -m merged &> /dev/null; echo $?
            kist file decrypt s.yaml; kist file verify s.yaml
            diff <(grep '^b:' before) <(grep '^b:' s.yaml) && echo kept; git status --short --untracked-files=no
            """);
        Assert.Equal("""
            0
            b: sesame
            c:
                d: theirs
                e: ours
            f: added
            1 of 1 file is as they should be
            kept

            """.ReplaceLineEndings("\n"), ran.Output);
    }

    [Fact]
    public async Task What_both_changed_is_a_conflict_by_its_path_and_all_else_is_merged()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            git checkout -q -b other; kist file set s.yaml b '"theirs"'; kist file set s.yaml a 2; git commit -qam two
            git checkout -q main; kist file set s.yaml b '"ours"'; git commit -qam three
            git merge -q other -m merged &> out; echo $?; grep CONFLICT out | head -n 1; git status --short s.yaml
            grep -c theirs out; kist file decrypt s.yaml
            """);
        Assert.Equal("""
            1
            CONFLICT in s.yaml: ["b"] was changed on both sides; ours is kept
            UU s.yaml
            1
            a: 2
            b: ours
            c:
                d: x
                e: z

            """.ReplaceLineEndings("\n"), ran.Output);
    }

    [Fact]
    public async Task Recipients_are_merged_too_and_a_new_data_key_is_not_undone()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            git checkout -q -b other; kist file rotate -i --add-age $bob s.yaml; git commit -qam two
            git checkout -q main; kist file set s.yaml a 7; git commit -qam three
            git merge -q other -m merged &> /dev/null; echo $?
            SOPS_AGE_KEY_FILE=../bob.txt HOME=/nonexistent kist file get s.yaml a
            grep -B8 "recipient: $bob" s.yaml | cmp - <(git show other:s.yaml | grep -B8 "recipient: $bob") && echo same
            """);
        Assert.Equal("0\n7\nsame\n", ran.Output);
    }

    [Fact]
    public async Task Who_cannot_decrypt_gets_a_conflict_and_the_file_as_it_is()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            git checkout -q -b other; kist file set s.yaml a 2; git commit -qam two
            git checkout -q main; kist file set s.yaml c.e '"ours"'; git commit -qam three; cp s.yaml before
            mv ../.config ../away; git merge -q other -m merged &> out; echo $?
            grep -c 'no age identity' out; cmp s.yaml before && git status --short s.yaml
            """);
        Assert.Equal("1\n1\nUU s.yaml\n", ran.Output);
    }

    [Fact]
    public async Task Files_that_are_not_encrypted_are_merged_as_git_does()
    {
        var ran = await _kist.ShellAsync(Prepare + """
            printf '1\n2\n3\n4\n5\n' > p.yaml; git add p.yaml; git commit -qm plain
            git checkout -q -b other; sed -i 's/1/one/' p.yaml; git commit -qam two
            git checkout -q main; sed -i 's/5/five/' p.yaml; git commit -qam three
            git merge -q other -m merged &> /dev/null; echo $?; cat p.yaml
            git checkout -q -b third main; sed -i 's/3/drei/' p.yaml; git commit -qam four
            git checkout -q main; sed -i 's/3/tre/' p.yaml; git commit -qam five
            git merge -q third -m merged &> out; echo $?; grep -c '<<<<<<<' p.yaml
            """);
        Assert.Equal("0\none\n2\n3\n4\nfive\n1\n1\n", ran.Output);
    }
}
