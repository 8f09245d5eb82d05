using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Client.Leases;

namespace Kist.Cli.References;

/// <summary>
/// The leases of dynamic secrets that a program uses: renewed while it runs, together with the token that they hang on,
/// and revoked at its end. What is read again while a lease lives is what it was.
/// </summary>
internal sealed class HeldLeases(Session session, bool revokes) : IDisposable
{
    private const int StackSize = 256 << 10;
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly List<HeldLease> _leases = [];
    private readonly AutoResetEvent _wake = new(initialState: false);
    private Session? _there;
    private LeaseLife? _token;
    private Thread? _renewing;
    private volatile bool _isOver;

    /// <summary>Called with the secret's path when its lease cannot be renewed any more.</summary>
    public Action<string>? Ending { get; set; }

    /// <summary>Whether there is any lease, so that this process must stay.</summary>
    public bool Any
    {
        get { lock (_lock) return _leases.Count > 0; }
    }

    /// <summary>The fields of a secret whose lease lives, the caller's to dispose; null: it is to be read.</summary>
    public IReadOnlyList<SecretField>? Find(string path)
    {
        lock (_lock)
            return _leases.Find(lease => lease.Path == path && !lease.IsOver)?.Copy();
    }

    /// <summary>Takes what an answer leases; an answer without a lease is left alone.</summary>
    public void Add(ProjectEnvironment environment, string path, Answer answer, IReadOnlyList<SecretField> fields)
    {
        var (id, seconds) = (answer.Root.Text("lease_id"), answer.Root.Number("lease_duration"));
        if (id.Length == 0 || seconds <= 0) return;
        var life = new LeaseLife(TimeSpan.FromSeconds(seconds), answer.Root.Flag("renewable"));
        lock (_lock)
        {
            _there ??= session.At(environment);
            foreach (var old in _leases.Where(lease => lease.Path == path)) old.IsOver = true;
            _leases.Add(new HeldLease(path, id, life, [.. fields.Select(static f => f.Copy())]));
        }
        _wake.Set();
    }

    /// <summary>Begins to renew; of a run that watches its values, the token too where there is no lease.</summary>
    public void Start(ProjectEnvironment? watched)
    {
        lock (_lock)
        {
            if (watched is not null) _there ??= session.At(watched);
            if (_there is null || _renewing is not null) return;
        }
        _renewing = new Thread(Renew, StackSize) { IsBackground = true };
        _renewing.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isOver = true;
        _wake.Set();
        if (Any && IsOurs())
        {
            // Whoever waits for the program waits for this as well, but not for a server that is away.
            var farewell = new Thread(Revoke, StackSize) { IsBackground = true };
            farewell.Start();
            farewell.Join(s_farewell);
        }
        foreach (var lease in _leases) lease.Dispose();
    }

    // What an agent has got with its own token may be another program's too.
    private bool IsOurs() =>
        revokes && _there!.Settings(out var settings) is null && settings.Token is { Length: > 0 };

    private void Revoke()
    {
        foreach (var lease in _leases)
        {
            using var body = new JsonBody().With("lease_id", lease.Id);
            using var answer = _there!.Send(HttpMethod.Put, "sys/leases/revoke", body.Close());
            // A token that may not revoke leaves it to the end of the lease.
            if (answer.Problem is { } problem && answer.Status is not (400 or 403 or 404))
                session.Screen.Warn($"the lease of {lease.Path} is not revoked: {problem.Message}");
        }
    }

    private void Renew()
    {
        _token = LookUp();
        while (!_isOver)
        {
            var (next, wait) = Next();
            if (wait > TimeSpan.Zero) _wake.WaitOne(wait < s_longest ? wait : s_longest);
            else if (next is null) RenewToken();
            else Renew(next);
        }
    }

    /// <summary>What is due first (null: the token), and when.</summary>
    private (HeldLease? Lease, TimeSpan Wait) Next()
    {
        lock (_lock)
        {
            var first = _leases.Where(static lease => !lease.IsOver).MinBy(static lease => lease.Life.Due);
            var token = _token is { IsRenewable: true } ? _token.Due : s_longest;
            return first is null || token < first.Life.Due ? (null, token) : (first, first.Life.Due);
        }
    }

    private void Renew(HeldLease lease)
    {
        if (lease.Life.IsRenewable && !lease.Life.IsEnding)
        {
            using var body = new JsonBody().With("lease_id", lease.Id);
            using var answer = _there!.Send(HttpMethod.Put, "sys/leases/renew", body.Close());
            if (_isOver) return;
            lock (_lock)
            {
                if (answer.Problem is null)
                    lease.Life.Renewed(
                        TimeSpan.FromSeconds(answer.Root.Number("lease_duration")), answer.Root.Flag("renewable"));
                else if (answer.Status is 0 or 429 or >= 500) lease.Life.Later(s_again);
                else lease.Life.Refused();
            }
        }
        if (!lease.Life.IsEnding) return;
        lock (_lock) lease.IsOver = true;
        Ending?.Invoke(lease.Path);
    }

    private LeaseLife? LookUp()
    {
        if (_there!.Settings(out var settings) is not null || settings.Token is not { Length: > 0 }) return null;
        using var answer = _there.Send(HttpMethod.Get, "auth/token/lookup-self");
        return answer.Problem is null && answer.Data.Number("ttl") is > 0 and var seconds
            ? new LeaseLife(TimeSpan.FromSeconds(seconds), answer.Data.Flag("renewable")) : null;
    }

    private void RenewToken()
    {
        using var body = new JsonBody();
        using var answer = _there!.Send(HttpMethod.Put, "auth/token/renew-self", body.Close());
        if (answer.Problem is null)
            _token!.Renewed(TimeSpan.FromSeconds(answer.Root.Member("auth").Number("lease_duration")),
                answer.Root.Member("auth").Flag("renewable"));
        else if (answer.Status is 0 or 429 or >= 500) _token!.Later(s_again);
        else _token!.Refused();
    }
}

/// <summary>A lease that a program uses, and what it leases.</summary>
internal sealed record HeldLease(string Path, string Id, LeaseLife Life, IReadOnlyList<SecretField> Fields)
    : IDisposable
{
    /// <summary>Whether it cannot be renewed any more, or another one is in its place.</summary>
    public bool IsOver { get; set; }

    /// <summary>Its fields once more.</summary>
    public IReadOnlyList<SecretField> Copy() => [.. Fields.Select(static f => f.Copy())];

    public void Dispose()
    {
        foreach (var field in Fields) field.Value.Dispose();
    }

    public override string ToString() => Path;
}
