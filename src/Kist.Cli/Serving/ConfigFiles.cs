using Kist.Cli.Output;
using Kist.Server.Configuration;

namespace Kist.Cli.Serving;

/// <summary>The configuration files named on the command line.</summary>
internal static class ConfigFiles
{
    /// <summary>Reads the one file, or the one in a folder.</summary>
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
        if (files.Count == 0)
            return (null, null, new Problem("no configuration was given",
                "kist server --config FILE, or kist server --start DIRECTORY, or kist server --dev"));
        if (files.Count > 1)
            return (null, null, new Problem(
                $"{files.Count} configuration files were given; kist reads one", "join them into one file"));
        var (config, error) = ConfigReader.Read(files[0]);
        return error is null ? (config, null, null) : (null, null, new Problem(error));
    }
}
