using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Kernel.Routes;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Kist.Cli.References;

/// <summary>Where the values of one environment come from.</summary>
/// <param name="Name">Such as <c>dev</c>; empty where there are no environments.</param>
internal sealed record ProjectEnvironment(string Name)
{
    /// <summary>Files with values, the later before the earlier; as paths from here.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>A server's or an agent's address; null: what KIST_ADDR and the options say.</summary>
    public string? Address { get; init; }

    public string? Namespace { get; init; }
    public string? CaCertificate { get; init; }
    public string? TokenFile { get; init; }

    /// <summary>How old values may be that are used when the server is away; null: none are kept.</summary>
    public TimeSpan? LastKnownGood { get; init; }

    /// <summary>What stands here for a mount that references name.</summary>
    public IReadOnlyDictionary<string, string> Mounts { get; init; } = new Dictionary<string, string>();

    /// <summary>A path of a reference as it is in this environment.</summary>
    public string PathOf(string path)
    {
        foreach (var (from, to) in Mounts)
            if (path.StartsWith(from + "/", StringComparison.Ordinal)) return to + path[from.Length..];
        return path;
    }
}

/// <summary>
/// <c>.kist/config.toml</c>, of this folder or the nearest above: the environments of a project. It is committed, and
/// holds no secret.
/// </summary>
internal sealed class ProjectConfig
{
    /// <summary>The path below a project's folder.</summary>
    public const string FileName = ".kist/config.toml";

    private const string Example = "[env.dev]\nfile = \".env.dev\"";
    private readonly Dictionary<string, ProjectEnvironment> _environments = new(StringComparer.Ordinal);
    private readonly string _file;
    private readonly string _folder;
    private string? _default;
    private Problem? _problem;

    private ProjectConfig(string file)
    {
        _file = file;
        _folder = Path.GetDirectoryName(Path.GetDirectoryName(file))!;
    }

    /// <summary>The names of all environments.</summary>
    public IEnumerable<string> Names => _environments.Keys;

    /// <summary>The folder that holds <c>.kist</c>.</summary>
    public string Folder => _folder;

    /// <summary>The names of environments, for shells to complete.</summary>
    public static IEnumerable<string> Complete() =>
        Load(out var config) is null && config is not null ? config.Names : [];

    /// <summary>Reads the nearest file; null where there is none.</summary>
    public static Problem? Load(out ProjectConfig? config)
    {
        config = null;
        for (var folder = Environment.CurrentDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var file = Path.Combine(folder, FileName);
            if (!File.Exists(file)) continue;
            config = new ProjectConfig(file);
            return config.Read();
        }
        return null;
    }

    /// <summary>
    /// The environment that is meant: the one that is named, else that of KIST_ENV, else the file's default, else dev,
    /// else the only one.
    /// </summary>
    public static Problem? Find(ProjectConfig? config, string? name, out ProjectEnvironment environment)
    {
        environment = new ProjectEnvironment("");
        name ??= Environment.GetEnvironmentVariable("KIST_ENV") is { Length: > 0 } variable ? variable : null;
        if (config is null)
            return name is null ? null : new Problem($"there is no environment {name}, because there is no {FileName}",
                $"{FileName} with:\n{Example}");
        name ??= config._default ?? (config._environments.ContainsKey("dev") ? "dev"
            : config._environments.Count == 1 ? config._environments.Keys.First() : null);
        if (name is null && config._environments.Count == 0) return null;
        if (name is null)
            return new Problem($"{FileName} names no default environment",
                $"--env {string.Join(", --env ", config.Names)}; or a line: default = \"{config.Names.First()}\"");
        if (config._environments.TryGetValue(name, out var found))
        {
            environment = found;
            return null;
        }
        return new Problem($"there is no environment {name} in {FileName}",
            CommandLine.Meant(name, config.Names) is { } meant ? $"--env {meant}"
                : $"its environments are {string.Join(", ", config.Names)}");
    }

    private Problem? Read()
    {
        string text;
        try
        {
            text = File.ReadAllText(_file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"{_file} cannot be read", "check its mode");
        }
        var document = SyntaxParser.Parse(text, _file, validate: false);
        foreach (var message in document.Diagnostics)
            return new Problem($"{FileName}, line {message.Span.Start.Line + 1}: this is not TOML",
                "a line is name = \"value\", or [env.NAME]");
        foreach (var pair in document.KeyValues)
        {
            if (NameOf(pair.Key) != "default") Wrong(pair, $"there is no setting {NameOf(pair.Key)}; default is");
            else _default = Text(pair);
        }
        foreach (var table in document.Tables)
        {
            var name = table.Name!.ToString().Trim();
            if (name.StartsWith("env.", StringComparison.Ordinal) && name.Length > 4 && table is TableSyntax)
                Add(name[4..].Trim('"'), table);
            else Wrong(table, $"there is no [{name}]; environments begin with [env.NAME]");
        }
        if (_default is not null && !_environments.ContainsKey(_default))
            _problem ??= new Problem($"{FileName}: the default environment {_default} is not in it",
                $"[env.{_default}]");
        return _problem;
    }

    private void Add(string name, TableSyntaxBase table)
    {
        var environment = new ProjectEnvironment(name);
        var sources = 0;
        foreach (var pair in table.Items)
        {
            var key = NameOf(pair.Key);
            if (key is "file" or "server" or "agent") sources++;
            environment = key switch
            {
                "file" => environment with { Files = Paths(pair) },
                "server" or "agent" => environment with { Address = Text(pair) },
                "namespace" => environment with { Namespace = Text(pair) },
                "ca-cert" => environment with { CaCertificate = PathOf(Text(pair)) },
                "token-file" => environment with { TokenFile = PathOf(Text(pair)) },
                "last-known-good" => environment with { LastKnownGood = Time(pair) },
                "mounts" => environment with { Mounts = Mounts(pair) },
                _ => Unknown(pair, key, environment),
            };
        }
        if (sources > 1) Wrong(table, "an environment has one of file, server and agent");
        if (!_environments.TryAdd(name, environment)) Wrong(table, $"the environment {name} stands twice");
    }

    private ProjectEnvironment Unknown(KeyValueSyntax pair, string key, ProjectEnvironment environment)
    {
        Wrong(pair, $"an environment has no {key}; it has file, server or agent, and namespace, ca-cert, "
            + "token-file, last-known-good, mounts");
        return environment;
    }

    private string Text(KeyValueSyntax pair)
    {
        if (pair.Value is StringValueSyntax { Value: { Length: > 0 } text }) return text;
        Wrong(pair, $"{NameOf(pair.Key)} is a text in quotes");
        return "";
    }

    private List<string> Paths(KeyValueSyntax pair)
    {
        if (pair.Value is not ArraySyntax list) return [PathOf(Text(pair))];
        var paths = new List<string>();
        foreach (var item in list.Items)
            if (item.Value is StringValueSyntax { Value: { Length: > 0 } text }) paths.Add(PathOf(text));
            else Wrong(pair, $"{NameOf(pair.Key)} is a text, or a list of texts");
        return paths;
    }

    private TimeSpan? Time(KeyValueSyntax pair)
    {
        if (GoDuration.TryParse(Text(pair), out var time) && time > TimeSpan.Zero) return time;
        Wrong(pair, $"{NameOf(pair.Key)} is a time such as \"24h\"");
        return null;
    }

    private Dictionary<string, string> Mounts(KeyValueSyntax pair)
    {
        var mounts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (pair.Value is not InlineTableSyntax table) Wrong(pair, "mounts is a table: { prod = \"dev\" }");
        else
            foreach (var item in table.Items)
                if (item.KeyValue is { Key: { } from, Value: StringValueSyntax { Value: { Length: > 0 } to } })
                    mounts[NameOf(from).Trim('/')] = to.Trim('/');
                else Wrong(pair, "mounts is a table of texts: { prod = \"dev\" }");
        return mounts;
    }

    // From the project's folder, wherever the command is called; ~ is the user's.
    private string PathOf(string path)
    {
        if (path.StartsWith("~/", StringComparison.Ordinal))
            return TokenFile.Home(Environment.GetEnvironmentVariable) + path[1..];
        return Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(_folder, path));
    }

    private static string NameOf(KeySyntax? key) => key?.ToString().Trim().Trim('"') ?? "";

    private void Wrong(SyntaxNode node, string what) => _problem ??= new Problem(
        $"{FileName}, line {node.Span.Start.Line + 1}: {what}", "see: kist run --help");
}
