using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Cli.Scanning;

namespace Kist.Cli.Hooks;

/// <summary>What the hooks do when git calls them.</summary>
internal static class HookRun
{
    public static int Run(Session session, string hook, string[] arguments)
    {
        switch (hook)
        {
            case "pre-commit":
                var request = new ScanRequest { Staged = true, MayBeEmpty = true };
                return End(session, ScanRun.Run(session, request), "commit", "git commit --no-verify");
            case "pre-push":
                return End(session, Pushed(session, arguments.Length > 0 ? arguments[0] : null), "push",
                    "git push --no-verify");
            case "pre-receive":
                return End(session, Received(session), "push", null);
            default:
                return session.Fail(new Problem($"there is no hook {hook}", "pre-commit, pre-push or pre-receive",
                    ScanRun.Incomplete));
        }
    }

    private static int End(Session session, int code, string what, string? way)
    {
        if (code == 0) return 0;
        var refused = code == ScanRun.Incomplete ? $"This {what} was refused: it could not be scanned in full."
            : $"This {what} was refused: it would hand out the secrets above.";
        session.Screen.Ask($"""

            {refused}
            To fix it:    take them out (kist scan --fix moves them into .env), stage the files again, and rotate what
                          has left this machine before.
            To allow one: kist scan --allow ID --reason "…" --staged, or a comment kist:allow on its line.

            """.Replace(" --staged", what == "commit" ? " --staged" : ""));
        if (way is not null) session.Screen.Ask($"In an emergency: {way}\n");
        return code;
    }

    // Lines "local-ref local-id remote-ref remote-id"; what the remote has already does not leave with this push.
    private static int Pushed(Session session, string? remote)
    {
        var worst = 0;
        foreach (var parts in Lines())
        {
            if (parts.Length != 4 || IsNone(parts[1])) continue;
            var known = IsNone(parts[3]) ? remote is null ? "--not --remotes" : $"--not --remotes={remote}"
                : $"^{parts[3]}";
            worst = Math.Max(worst, Range(session, $"{parts[1]} {known}"));
        }
        return worst;
    }

    // Lines "old-id new-id ref". The objects lie in quarantine, which git's environment names.
    private static int Received(Session session)
    {
        var ids = new List<string>();
        foreach (var parts in Lines())
            if (parts.Length >= 3 && !IsNone(parts[1])) ids.Add(parts[1]);
        return ids.Count == 0 ? 0 : Range(session, $"{string.Join(' ', ids)} --not --all", isServer: true);
    }

    private static int Range(Session session, string range, bool isServer = false) =>
        ScanRun.Run(session, new ScanRequest { Range = range, MayBeEmpty = true, IsServer = isServer });

    private static bool IsNone(string id) => id.AsSpan().TrimStart('0').Length == 0;

    private static IEnumerable<string[]> Lines()
    {
        using var reader = new StreamReader(DescriptorStream.Standard(0));
        while (reader.ReadLine() is { } line) yield return line.Split(' ');
    }
}
