using Kist.Cli.Output;
using Kist.Server.Configuration;

namespace Kist.Cli.Serving;

/// <summary>The configuration files named on the command line.</summary>
internal static class ConfigFiles
{
    /// <summary>Reads the files, and those in the folders, one after another.</summary>
    public static (ServerConfig? Config, QuickStart? QuickStart, Problem? Problem) Read(IReadOnlyList<string> paths)
    {
        var files = new List<string>();
        foreach (var path in paths)
        {
            if (!Directory.Exists(path)) files.Add(path);
            else files.AddRange(Directory.EnumerateFiles(path)
                .Where(f => f.EndsWith(".hcl", StringComparison.Ordinal)
                    || f.EndsWith(".json", StringComparison.Ordinal)).Order());
        }
        if (files.Count == 0 && paths.Count > 0)
            return (null, null, new Problem($"there is no .hcl or .json file in {string.Join(", ", paths)}"));
        if (files.Count == 0)
            return (null, null, new Problem("no configuration was given",
                "kist server --config FILE, or kist server --start DIRECTORY, or kist server --dev"));
        var (config, error) = ConfigReader.Read([.. files]);
        return error is null ? (config, null, null) : (null, null, new Problem(error));
    }
}
