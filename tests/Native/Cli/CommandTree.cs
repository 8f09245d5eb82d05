using Kist.Testing;

namespace Kist.Native.Tests.Cli;

/// <summary>The commands that kist has, read from its help.</summary>
internal static class CommandTree
{
    private static readonly string[] s_otherParts = ["Usage", "Options", "Arguments", "Examples", "Exit codes",
        "Start here"];

    /// <summary>Every command that runs by itself, such as <c>token roles list</c>.</summary>
    public static async Task<List<string>> LeavesAsync(KistRun kist)
    {
        var leaves = new List<string>();
        var all = (await kist.RunAsync("--help")).Succeeded().Split('\n');
        foreach (var name in Names(all, heading => !s_otherParts.Contains(heading)))
            await AddAsync(kist, [name], leaves);
        return leaves;
    }

    private static async Task AddAsync(KistRun kist, string[] command, List<string> leaves)
    {
        var help = (await kist.RunAsync([.. command, "--help"])).Succeeded().Split('\n');
        var below = Names(help, heading => heading == "Commands").ToList();
        if (below.Count == 0) leaves.Add(string.Join(' ', command));
        foreach (var name in below) await AddAsync(kist, [.. command, name], leaves);
    }

    // Headings stand at the edge and alone, the commands below them two columns in.
    private static IEnumerable<string> Names(string[] help, Func<string, bool> wanted)
    {
        var listsCommands = false;
        foreach (var line in help.Skip(1))
        {
            if (line.Length > 0 && line[0] != ' ') listsCommands = wanted(line);
            else if (listsCommands && line.Length > 30 && line[2] != ' ') yield return line[2..30].Trim();
        }
    }
}
