using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Client.References;
using Kist.Secrets;

namespace Kist.Cli.References;

/// <summary>
/// A server, or an agent, which answers as one. Each secret is read once, however many of its fields are asked for;
/// many secrets are read side by side.
/// </summary>
internal sealed class ServerSource(Session session, ProjectEnvironment environment, HeldLeases? leases) : ISecretSource
{
    private const int MaxThreads = 32, StackSize = 256 << 10;
    private readonly Dictionary<SecretKey, SecretRecord> _records = [];
    private readonly List<Mount> _mounts = [];
    private readonly Lock _lock = new();
    private Dictionary<string, LastKnownGood.Kept>? _kept;
    private bool _isAway;

    /// <summary>One secret, or one version of it.</summary>
    private sealed record SecretKey(string Path, long? Version);

    /// <summary>What became of reading one.</summary>
    private sealed record SecretRecord(IReadOnlyList<SecretField> Fields, Problem? Problem, bool IsMissing)
    {
        /// <summary>Whether it holds for the time of a lease only.</summary>
        public bool IsLeased { get; init; }
    }

    /// <summary>The session at this server.</summary>
    public Session Session => session;

    /// <summary>Whether the server is away and old values stand in for it.</summary>
    public bool IsAway => _isAway;

    /// <summary>The paths of the API that were read, for whoever wants to hear of changes.</summary>
    public IReadOnlyList<string> Read()
    {
        lock (_lock)
            return [.. _records.Keys.Select(key => Known(key.Path)?.Data ?? key.Path)];
    }

    /// <summary>Keeps what was read for the time when the server is away, where the environment allows it.</summary>
    public void Keep()
    {
        if (environment.LastKnownGood is null || IsAway || Store() is not { } store) return;
        var found = _records.Where(static r => r.Value is { Problem: null, IsLeased: false })
            .Select(static r => (NameOf(r.Key), r.Value.Fields)).ToList();
        if (found.Count > 0 && !store.Save(found))
            session.Screen.Warn("the last known good values cannot be kept: check ~/.cache/kist and ~/.config/kist");
    }

    /// <inheritdoc/>
    public Problem? Prepare(IReadOnlyList<KistReference> references)
    {
        var wanted = new Queue<SecretKey>();
        foreach (var key in references.Select(KeyOf).Distinct())
            if (!_records.ContainsKey(key)) wanted.Enqueue(key);
        if (wanted.Count == 0) return null;
        // The first one tells whether the server is there at all, before many ask it at once.
        if (Read(wanted.Dequeue()) is { } failed) return failed;
        Problem? first = null;
        var threads = new Thread[Math.Min(MaxThreads, (wanted.Count + 3) / 4)];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() =>
            {
                while (true)
                {
                    SecretKey? key;
                    lock (wanted)
                        if (first is not null || !wanted.TryDequeue(out key)) return;
                    if (Read(key) is not { } problem) continue;
                    lock (wanted) first ??= problem;
                }
            }, StackSize) { IsBackground = true };
            threads[i].Start();
        }
        foreach (var thread in threads) thread.Join();
        return first;
    }

    /// <inheritdoc/>
    public Problem? Find(KistReference reference, out SecretBuffer? value, out bool missing)
    {
        (value, missing) = (null, false);
        if (Record(KeyOf(reference), out var record) is { } failed) return failed;
        missing = true;
        if (record.Problem is not null) return record.Problem;
        var names = string.Join(", ", record.Fields.Select(static f => f.Name).Order(StringComparer.Ordinal));
        if (reference.Field is null && record.Fields.Count != 1)
            return new Problem($"{reference} has more than one field", $"{reference}#FIELD; its fields are {names}");
        foreach (var field in record.Fields)
        {
            if (reference.Field is not null && field.Name != reference.Field) continue;
            (value, missing) = (SecretBuffer.Copy(field.Value.Span), false);
            return null;
        }
        return new Problem($"{environment.PathOf(reference.Path)} has no field {reference.Field}",
            names.Length > 0 ? $"its fields are {names}" : null, Problem.Remote);
    }

    /// <inheritdoc/>
    public Problem? Fields(string path, out IReadOnlyList<SecretField> fields)
    {
        fields = [];
        if (ApiPath.Clean(path, out var clean) is { } unclean) return unclean;
        if (Record(new SecretKey(environment.PathOf(clean), null), out var record) is { } failed) return failed;
        fields = record.Fields;
        return record.Problem;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var record in _records.Values)
            foreach (var field in record.Fields) field.Value.Dispose();
        session.Dispose();
    }

    private SecretKey KeyOf(KistReference reference) =>
        new(environment.PathOf(reference.Path), reference.Version);

    private Problem? Record(SecretKey key, out SecretRecord record)
    {
        record = null!;
        bool known;
        lock (_lock) known = _records.TryGetValue(key, out record!);
        if (known) return null;
        if (Read(key) is { } problem) return problem;
        lock (_lock) record = _records[key];
        return null;
    }

    /// <summary>Reads one secret into the records. The problem is the server's; a secret that is not there is a record.
    /// </summary>
    private Problem? Read(SecretKey key)
    {
        if (key.Version is null && leases?.Find(key.Path) is { } leased)
        {
            lock (_lock) _records[key] = new SecretRecord(leased, null, false) { IsLeased = true };
            return null;
        }
        var problem = ReadHere(key, out var isAway);
        if (!isAway || environment.LastKnownGood is null) return problem;
        lock (_lock)
        {
            _kept ??= Store()?.Load() ?? [];
            if (!_kept.TryGetValue(NameOf(key), out var kept))
                return problem! with
                {
                    Message = $"{problem.Message}, and no value of {key.Path} is kept from before",
                };
            if (!_isAway)
                session.Screen.Warn($"{problem!.Message}: using values of {Times.Short(kept.At.ToString("o"))}");
            _isAway = true;
            _records[key] = new SecretRecord(kept.Fields, null, false);
            return null;
        }
    }

    private Problem? ReadHere(SecretKey key, out bool isAway)
    {
        if (MountOf(key.Path, out var mount, out isAway) is { } unknown) return unknown;
        if (mount.Name.Length == 0)
            return new Problem($"{mount.Path} is a mount; a secret in it needs a name",
                $"kist list {mount.Path.TrimEnd('/')}");
        if (key.Version is not null && !mount.Versioned)
            return new Problem($"{mount.Path} keeps no versions", "without ?version=");
        using var answer = GetCommand.Read(session, mount, key.Version, out var problem);
        isAway = IsAwayOf(answer);
        if (problem is not null && answer.Status != 404) return problem;
        var record = new SecretRecord(problem is null ? SecretField.Of(GetCommand.Fields(answer, mount)) : [], problem,
            problem is not null) { IsLeased = answer.Root.Text("lease_id").Length > 0 };
        if (record.IsLeased) leases?.Add(environment, key.Path, answer, record.Fields);
        lock (_lock) _records[key] = record;
        return null;
    }

    // Mounts do not lie in each other, so that one that is known answers for all that is below it.
    private Problem? MountOf(string path, out Mount mount, out bool isAway)
    {
        isAway = false;
        lock (_lock)
        {
            mount = Known(path)!;
            if (mount is not null) return null;
        }
        if (Mount.Find(session, path, out mount, out var status) is { } problem)
        {
            isAway = IsAwayOf(status, problem);
            return problem;
        }
        lock (_lock) _mounts.Add(mount);
        return null;
    }

    // A refusal is an answer: who may not read any more must not get what he could read before.
    private static bool IsAwayOf(int status, Problem? problem) =>
        problem is { ExitCode: Problem.Remote } && status is 0 or >= 500;

    private static bool IsAwayOf(Answer answer) => IsAwayOf(answer.Status, answer.Problem);

    private LastKnownGood? Store() => session.Settings(out var settings) is not null ? null : new LastKnownGood(
        settings.Shown, settings.Namespace, environment.Name, environment.LastKnownGood!.Value);

    private Mount? Known(string path) =>
        _mounts.Find(m => path.StartsWith(m.Path, StringComparison.Ordinal)) is { } mount
            ? mount with { Name = path[mount.Path.Length..] } : null;

    private static string NameOf(SecretKey key) =>
        key.Version is { } version ? $"{key.Path}?version={version}" : key.Path;
}
