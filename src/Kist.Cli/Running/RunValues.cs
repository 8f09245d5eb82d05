using System.Text;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Scan;
using Kist.Secrets;

namespace Kist.Cli.Running;

/// <summary>The variables of one run, as their files and sources say now.</summary>
internal sealed class RunValues : IDisposable
{
    // What lets in at the store itself, or opens its files: no program that is given secrets needs it.
    private static readonly string[] s_own = ProgramImage.Own;
    private const int MostProblems = 10;

    private RunValues(RunRequest request) => Plan = new EnvironmentPlan(request.Prefix, request.Mappings);

    /// <summary>The variables.</summary>
    public EnvironmentPlan Plan { get; }

    /// <summary>Where values come from; null where none is asked for.</summary>
    public ISecretSource? Source { get; private set; }

    /// <summary>The environment that is meant.</summary>
    public ProjectEnvironment Environment { get; private set; } = new("");

    /// <summary>The files that decide on the variables.</summary>
    public List<string> Files { get; } = [];

    /// <summary>Reads everything.</summary>
    /// <param name="leases">Takes the leases of dynamic secrets; null: they are left to themselves.</param>
    public static Problem? Collect(
        Session session, RunRequest request, out RunValues values, HeldLeases? leases = null)
    {
        values = new RunValues(request);
        return values.Collect(session, request, leases);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Plan.Dispose();
        Source?.Dispose();
    }

    private Problem? Collect(Session session, RunRequest request, HeldLeases? leases)
    {
        if (ProjectConfig.Load(out var config) is { } broken) return broken;
        if (ProjectConfig.Find(config, request.Environment, out var environment) is { } unknown) return unknown;
        Environment = environment;
        using var entries = new EnvironmentFile();
        if (ReadFiles(session, request, config, entries) is { } unread) return unread;
        Files.AddRange(environment.Files);
        var references = entries.Entries.Where(static e => e.Text is not null)
            .SelectMany(static e => e.Text!.References).ToList();
        if (references.Count > 0 || request.From.Length > 0)
        {
            var closed = SecretSources.Open(session, environment, out var source, leases);
            Source = source;
            if ((closed ?? source.Prepare(references)) is { } failed) return failed;
        }
        if (Fill(session, entries) is { } missing) return missing;
        foreach (var path in request.From)
            if ((Source!.Fields(path, out var fields) ?? Plan.Add(path.Trim('/'), fields)) is { } failed) return failed;
        (Source as ServerSource)?.Keep();
        return Plan.Keep(request.Only) ?? Plan.Unused();
    }

    private Problem? ReadFiles(Session session, RunRequest request, ProjectConfig? config, EnvironmentFile entries)
    {
        string[] files = request.EnvironmentFiles;
        if (files.Length == 0 && request.From.Length == 0)
            files = EnvironmentFile.Default(config) is { } found ? [found] : [];
        foreach (var file in files)
            if (entries.Read(file) is { } problem) return problem;
        Files.AddRange(files);
        foreach (var twice in entries.Repeated) session.Screen.Warn(twice);
        if (request.KeepsInherited)
            entries.Remove(static name => System.Environment.GetEnvironmentVariable(name) is not null);
        if (entries.Keep(request.Only, mayBeElsewhere: request.From.Length > 0) is { } unknown) return unknown;
        entries.ReadProcess();
        if (!entries.Entries.Any() && request.From.Length == 0 && files.Length == 0)
            session.Screen.Warn("there is no .env here and no --from: the program gets nothing from kist");
        return null;
    }

    private Problem? Fill(Session session, EnvironmentFile entries)
    {
        var problems = new List<Problem>();
        foreach (var entry in entries.Entries)
        {
            if (s_own.Contains(entry.Name))
            {
                session.Screen.Warn($"{entry.Place}: the program does not get it, because it lets in at the store");
                continue;
            }
            var parts = new List<SecretBuffer>();
            var problem = EnvironmentFile.Value(entry, Source, parts, out var value, out _) ?? Add(entry, value!);
            foreach (var part in parts)
                if (SecretField.MayBeMasked(part.Span)) Plan.Mask(part);
                else part.Dispose();
            if (problem is null) continue;
            problems.Add(problem);
            if (problems.Count == MostProblems) break;
        }
        return problems.Count switch
        {
            0 => null,
            1 => problems[0],
            _ => problems[0] with { Message = string.Join('\n', problems.Select(static p => p.Message)) },
        };
    }

    private Problem? Add(EnvironmentEntry entry, SecretBuffer value)
    {
        if (value.Span.Contains((byte)0))
            return new Problem($"{entry.Place}: the value holds a zero byte, which no variable can",
                "keep it base64-encoded");
        var isSecret = entry.Text is not null;
        var field = SecretField.OfFile(entry.Name, value);
        // What stands in the file as it is may be a secret all the same.
        var looksSecret = !isSecret && (SecretNames.Suggest(entry.Name) || UrlPassword(value.Span, out _));
        if (looksSecret && UrlPassword(value.Span, out var password) && password.Length >= Redactor.MinLength)
            Plan.Mask(SecretBuffer.Copy(password));
        Plan.AddNamed(entry.Name, entry.Place, value, (isSecret || looksSecret) && field.IsMaskable, isSecret);
        return null;
    }

    /// <summary>The password of a URL: <c>scheme://user:password@host</c>.</summary>
    internal static bool UrlPassword(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> password)
    {
        password = default;
        var scheme = value.IndexOf("://"u8);
        if (scheme <= 0) return false;
        var rest = value[(scheme + 3)..];
        var end = rest.IndexOfAny("/?#"u8);
        var at = (end < 0 ? rest : rest[..end]).LastIndexOf((byte)'@');
        if (at < 0) return false;
        var colon = rest[..at].IndexOf((byte)':');
        if (colon < 0 || colon + 1 == at) return false;
        password = rest[(colon + 1)..at];
        return true;
    }
}
