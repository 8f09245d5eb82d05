using System.CommandLine;
using Kist.Cli.Hooks;
using Kist.Cli.Output;
using Kist.Cli.Scanning;
using Kist.Scan.Sources;

namespace Kist.Cli;

/// <summary>`kist hook`: git refuses what holds a secret.</summary>
internal static class HookCommand
{
    public static Command Create() => new KistCommand("hook", "Make git refuse commits and pushes that hold secrets")
    {
        Details = """
            Hooks that are there already go on running, before ours. Where the repository uses husky or the pre-commit
            framework, the hook becomes an entry of theirs.
            """,
        Examples =
        [
            "kist hook install                  # this repository: before each commit and each push",
            "kist hook install --pre-receive    # a bare repository on a server",
            "kist hook uninstall",
        ],
    }.With(Install(), Uninstall(), Run());

    private static KistCommand Install()
    {
        var command = new KistCommand("install", "Install the hooks of the repository here")
        {
            Examples = ["kist hook install", "kist hook install --plain    # although there is husky or pre-commit"],
        };
        var path = command.Optional("PATH", "The repository (else the one here)");
        var server = command.Switch("--pre-receive", "For a repository that others push to: refuses their pushes");
        var plain = command.Switch("--plain", "Plain git hooks, also beside husky or pre-commit");
        return command.Does((session, parsed) => With(session, parsed.GetValue(path), (repository, hooks) =>
            HookInstall.Install(session, repository, hooks, parsed.GetValue(server), parsed.GetValue(plain))));
    }

    private static KistCommand Uninstall()
    {
        var command = new KistCommand("uninstall", "Remove the hooks, and put back those that were there before")
        {
            Examples = ["kist hook uninstall"],
        };
        var path = command.Optional("PATH", "The repository (else the one here)");
        return command.Does((session, parsed) => With(session, parsed.GetValue(path), (repository, hooks) =>
            HookInstall.Uninstall(session, repository, hooks)));
    }

    private static KistCommand Run()
    {
        var command = new KistCommand("run", "What the installed hooks call")
        {
            Details = "pre-push and pre-receive read from standard input what git tells them.",
            Examples = ["kist hook run pre-commit"],
        };
        var hook = command.Required("HOOK", "pre-commit, pre-push or pre-receive");
        var rest = command.Rest("ARGUMENT", "What git passes to the hook");
        return command.Does((session, parsed) => HookRun.Run(session, parsed.GetValue(hook)!, parsed.GetValue(rest)!));
    }

    private static int With(Session session, string? path, Func<Repository, string, int> body)
    {
        try
        {
            var repository = Repository.Open(path);
            return body(repository, repository.HooksFolder());
        }
        catch (GitException e)
        {
            return session.Fail(new Problem(e.Message.Replace("fatal: ", ""), "git init, or the path of a repository"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return session.Fail(new Problem(e.Message.TrimEnd('.'),
                "check the permissions of the repository's folder"));
        }
    }
}
