using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Secrets;

namespace Kist.Cli.Environments;

/// <summary>A variable as one environment gives it.</summary>
/// <param name="Value">Null where there is none.</param>
/// <param name="Problem">Why there is none.</param>
internal sealed record ResolvedVariable(EnvironmentEntry Entry, SecretBuffer? Value, Problem? Problem);

/// <summary>A <c>.env</c> with the values of one environment, each by itself: what one lacks hides no other.</summary>
internal sealed class ResolvedFile : IDisposable
{
    private readonly Dictionary<string, ResolvedVariable> _variables = new(StringComparer.Ordinal);
    private readonly List<SecretBuffer> _parts = [];
    private readonly EnvironmentFile _file = new();
    private ISecretSource? _source;

    private ResolvedFile()
    {
    }

    /// <summary>The environment.</summary>
    public ProjectEnvironment Environment { get; private set; } = new("");

    /// <summary>The variables by their names.</summary>
    public IReadOnlyDictionary<string, ResolvedVariable> Variables => _variables;

    /// <summary>Reads a file as an environment has it.</summary>
    /// <param name="file">Null: the <c>.env</c> here.</param>
    /// <param name="environment">Null: the default one.</param>
    public static Problem? Read(Session session, string? file, string? environment, out ResolvedFile resolved)
    {
        resolved = new ResolvedFile();
        return resolved.Fill(session, file, environment);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var variable in _variables.Values) variable.Value?.Dispose();
        foreach (var part in _parts) part.Dispose();
        _file.Dispose();
        _source?.Dispose();
    }

    private Problem? Fill(Session session, string? path, string? name)
    {
        if (ProjectConfig.Load(out var config) is { } broken) return broken;
        if (ProjectConfig.Find(config, name, out var environment) is { } unknown) return unknown;
        Environment = environment;
        path ??= EnvironmentFile.Default(config);
        if (path is null) return new Problem("there is no .env here", "--env-file FILE");
        if (_file.Read(path) is { } unread) return unread;
        var references = _file.Entries.Where(static e => e.Text is not null).SelectMany(static e => e.Text!.References)
            .ToList();
        if (references.Count > 0)
        {
            var problem = SecretSources.Open(session, environment, out var source);
            _source = source;
            if ((problem ?? source.Prepare(references)) is { } failed) return failed;
        }
        foreach (var entry in _file.Entries)
        {
            var problem = EnvironmentFile.Value(entry, _source, _parts, out var value, out _);
            _variables[entry.Name] = new ResolvedVariable(entry, value, problem);
        }
        return null;
    }
}
