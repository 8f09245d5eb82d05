using System.CommandLine;
using Kist.Cli.Scanning;

namespace Kist.Cli;

/// <summary>`kist scan`: finds secrets before they leave.</summary>
internal static class ScanCommand
{
    // What each subcommand of gitleaks is here, so that scripts written for it go on working.
    private static readonly Dictionary<string, string?> s_gitleaks = new()
    {
        ["detect"] = "--history", ["git"] = "--history", ["protect"] = "--staged", ["stdin"] = "--stdin",
        ["dir"] = null, ["directory"] = null,
    };

    public static Command Create()
    {
        var command = new KistCommand("scan", "Find secrets in files, git history, images, archives and logs")
        {
            Details = """
                Without PATH the working tree is scanned. What git ignores, binary content and vendored folders are left
                out; archives are opened. Secrets are shown masked. A comment kist:allow on a line, an entry in
                .kist/scan.toml, a baseline or a .gitleaksignore silences a finding.
                Exit code 0: nothing found; 1: secrets found; 2: something could not be read, or there was nothing to
                scan. gitleaks' flags, configuration, baselines and subcommands are understood.
                """,
            MistakeCode = ScanRun.Incomplete,
            Examples =
            [
                "kist scan                                  # the working tree",
                "kist scan --history                        # every commit, branch, tag and stash",
                "kist scan --staged                         # what the next commit would bring",
                "kist scan --range origin/main..HEAD        # what a branch brings",
                "docker save app | kist scan -              # an image: layers, deleted files, ENV, labels, history",
                "kubectl logs -f app | kist scan -          # a log, as it comes",
                "kist scan --history --known-path prod      # also what the server holds there, however spelled",
                "kist scan -f sarif -o kist.sarif           # for GitHub's code scanning",
                "kist scan --allow 3f2a9c11 --reason \"revoked in May\"",
                "kist scan --fix                            # move what was found into .env, leave references",
            ],
        };
        var options = new ScanOptions(command);
        return command.Does((session, parsed) => ScanRun.Run(session, options.Read(parsed)));
    }

    /// <summary>Turns what gitleaks takes and a command line here cannot into what it can.</summary>
    public static string[] WithGitleaks(string[] args)
    {
        if (args is not ["scan", ..]) return args;
        var rewritten = new List<string>(args.Length);
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i].StartsWith("--redact=", StringComparison.Ordinal))
            {
                if (args[i] != "--redact=0") rewritten.Add("--redact");
            }
            else if (i == 1 && s_gitleaks.TryGetValue(args[i], out var option) && !Path.Exists(args[i]))
            {
                if (option is not null && !args.Contains("--no-git")) rewritten.Add(option);
            }
            else rewritten.Add(args[i]);
        }
        return [.. rewritten];
    }
}
