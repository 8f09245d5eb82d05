using System.Text.Json;
using Xunit;

namespace Kist.Native.Tests.Scan;

public sealed class HookTests : IDisposable
{
    private readonly GitShell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_commit_with_a_secret_is_refused_and_one_without_is_not()
    {
        _shell.Run("kist hook install");
        _shell.Run("echo fine > a && git add a && git commit -qm a && git commit -q --allow-empty -m empty");

        var (code, output) = _shell.Try("echo \"token = '$TOKEN'\" > b.py && git add b.py && git commit -qm b");
        Assert.NotEqual(0, code);
        Assert.Contains("b.py:1", output);
        Assert.Contains("kist scan --allow", output);
        Assert.DoesNotContain(GitShell.Token, output);
        Assert.Equal("2", _shell.Run("git rev-list --count HEAD").Trim());
        _shell.Run("git rm -q --cached b.py && rm b.py && echo more >> a && git commit -qam more");
    }

    [Fact]
    public void A_partial_commit_is_judged_by_what_it_brings()
    {
        _shell.Run("kist hook install && echo a > a && echo b > b && git add . && git commit -qm first");
        _shell.Run("echo \"token = '$TOKEN'\" >> b && echo more >> a");

        _shell.Run("git commit -qm only-a a");
        Assert.NotEqual(0, _shell.Try("git commit -qam both").Code);
    }

    [Fact]
    public void Hooks_that_were_there_go_on_running_and_come_back()
    {
        _shell.Run("""
            printf '#!/bin/sh\necho before >> ../ran\n[ ! -e ../stop ]\n' > .git/hooks/pre-commit
            chmod +x .git/hooks/pre-commit; cp .git/hooks/pre-commit ../original
            kist hook install && kist hook install
            echo a > a && git add a && git commit -qm a
            """);
        Assert.Equal("before\n", File.ReadAllText(Path.Combine(_shell.Folder, "../ran")));
        Assert.NotEqual(0, _shell.Try("touch ../stop; echo b > a; git commit -qam b").Code);

        _shell.Run("kist hook uninstall && cmp .git/hooks/pre-commit ../original && [ ! -e .git/hooks/pre-push ]");
        Assert.Contains("no hook", _shell.Run("kist hook uninstall"));
        foreach (var what in (string[])["install", "uninstall", "uninstall"])
            using (JsonDocument.Parse(_shell.Run($"kist hook {what} --json"))) { }
    }

    [Fact]
    public void Another_folder_of_hooks_is_honoured()
    {
        _shell.Run("git config core.hooksPath 'my hooks' && kist hook install && [ -x 'my hooks/pre-commit' ]");

        Assert.NotEqual(0, _shell.Try("echo \"token = '$TOKEN'\" > b && git add b && git commit -qm b").Code);
    }

    [Fact]
    public void Husky_and_pre_commit_get_an_entry_and_lose_it_again()
    {
        _shell.Run("mkdir .husky && printf 'npm test\\n' > .husky/pre-commit && kist hook install");
        Assert.Equal(
            "npm test\n# >>> kist hook >>>\nkist hook run pre-commit -- \"$@\" || exit $?\n# <<< kist hook <<<\n",
            File.ReadAllText(Path.Combine(_shell.Folder, ".husky/pre-commit")));
        _shell.Run("kist hook uninstall && [ \"$(cat .husky/pre-commit)\" = 'npm test' ] && rm -r .husky");

        _shell.Run("""
            printf 'repos:\n  - repo: x\n    hooks: []\n' > .pre-commit-config.yaml; cp .pre-commit-config.yaml ../c
            """);
        _shell.Run("kist hook install && kist hook install");
        var text = File.ReadAllText(Path.Combine(_shell.Folder, ".pre-commit-config.yaml"));
        Assert.Contains("  - repo: local\n    hooks:\n      - id: kist\n", text);
        Assert.Equal(2, text.Split("id: kist").Length);
        _shell.Run("kist hook uninstall && cmp .pre-commit-config.yaml ../c");
    }

    [Fact]
    public void A_push_with_a_secret_is_refused_also_by_the_server()
    {
        _shell.Run("""
            git init -q --bare ../server.git && git remote add origin ../server.git && echo a > a && git add a
            git commit -qm a && git push -q origin main && kist hook install
            echo "token = '$TOKEN'" > b.py && git add b.py && git commit -q --no-verify -m b
            git rm -q b.py && git commit -qm gone
            """);
        var (code, output) = _shell.Try("git push origin main");
        Assert.NotEqual(0, code);
        Assert.Contains("b.py:1", output);

        _shell.Run("kist hook uninstall && cd ../server.git && kist hook install --pre-receive");
        (code, output) = _shell.Try("git push origin main");
        Assert.NotEqual(0, code);
        Assert.Contains("b.py:1", output);
        Assert.DoesNotContain(GitShell.Token, output);
        Assert.Equal("1", _shell.Run("git --git-dir ../server.git rev-list --count main").Trim());

        _shell.Run("git reset -q --hard HEAD~2 && echo b > a && git commit -qam fine && git push -q origin main");
        _shell.Run("git push -q origin main:copy && git push -q origin :copy");
    }
}
