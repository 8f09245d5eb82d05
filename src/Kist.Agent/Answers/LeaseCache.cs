using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Kist.Agent.Link;
using Kist.Client.Leases;
using Kist.Secrets;

namespace Kist.Agent.Answers;

/// <summary>
/// Dynamic secrets that were read with the agent's token: the same request gets the same lease while that lives, and
/// the agent has it renewed. As Vault Agent's cache
/// (https://developer.hashicorp.com/vault/docs/agent-and-proxy/agent/caching) only leases that can be renewed are kept,
/// and what is revoked through the agent is forgotten.
/// </summary>
/// <param name="renew">Sends a body to <c>sys/leases/renew</c> with the agent's token.</param>
internal sealed class LeaseCache(Func<SecretWriter, Task<Reply>> renew, AgentLog log) : IAsyncDisposable
{
    private const int MostLeases = 10_000;
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<LeaseRequest, KeptLease> _leases = [];
    private readonly Dictionary<LeaseRequest, TaskCompletionSource> _asking = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(0);
    private Task? _renewing;

    /// <summary>A copy of the answer whose lease lives; null: there is none.</summary>
    public ReadAnswer? Find(LeaseRequest request)
    {
        lock (_gate)
        {
            if (!_leases.TryGetValue(request, out var kept)) return null;
            var body = new SecretWriter(kept.Body.Length);
            kept.Body.CopyTo(body.GetSpan(kept.Body.Length));
            body.Advance(kept.Body.Length);
            var age = TimeProvider.System.GetElapsedTime(kept.Since);
            return new ReadAnswer(AnswerSource.Memory, 200, body, kept.ContentType, age);
        }
    }

    /// <summary>
    /// Makes the caller the one who asks, until what is returned is disposed; null: somebody else was, and now has his
    /// answer.
    /// </summary>
    public async Task<IDisposable?> AskAsync(LeaseRequest request, CancellationToken ct)
    {
        TaskCompletionSource? running;
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
            if (!_asking.TryGetValue(request, out running)) _asking[request] = mine;
        if (running is null) return new Asking(this, request, mine);
        await running.Task.WaitAsync(ct);
        return null;
    }

    /// <summary>Keeps an answer with a lease that can be renewed; any other is left alone.</summary>
    public void Keep(LeaseRequest request, ReadOnlyMemory<byte> body, string contentType)
    {
        if (!TryRead(body, out var id, out var life)) return;
        lock (_gate)
        {
            if (_stop.IsCancellationRequested) return;
            Remove(request);
            if (_leases.Count >= MostLeases) Remove(_leases.MinBy(static p => p.Value.Life.Left).Key);
            _leases[request] = new KeptLease(
                id, SecretBytes.Copy(body.Span), contentType, new LeaseLife(life, isRenewable: true));
            _renewing ??= Task.Run(RenewForEverAsync);
        }
        _wake.Release();
    }

    /// <summary>Forgets leases by their ids.</summary>
    public void Drop(Func<string, bool> matches) => DropWhere((_, lease) => matches(lease.Id));

    /// <summary>Forgets leases by what was asked.</summary>
    public void DropRequests(Func<LeaseRequest, bool> matches) => DropWhere((request, _) => matches(request));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_renewing is { } renewing) await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        DropWhere(static (_, _) => true);
    }

    private void DropWhere(Func<LeaseRequest, KeptLease, bool> matches)
    {
        lock (_gate)
            foreach (var request in _leases.Where(p => matches(p.Key, p.Value)).Select(p => p.Key).ToList())
                Remove(request);
    }

    private void Remove(LeaseRequest request)
    {
        if (_leases.Remove(request, out var lease)) lease.Dispose();
    }

    private static bool TryRead(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out string? id, out TimeSpan life)
    {
        (id, life) = (null, default);
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            (id, life) = (root.Text("lease_id"), TimeSpan.FromSeconds(root.Number("lease_duration")));
            return id.Length > 0 && life > TimeSpan.Zero && root.Flag("renewable");
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private async Task RenewForEverAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var (next, wait) = Next();
            if (next is null || wait > TimeSpan.Zero) await _wake.WaitAsync(wait, _stop.Token);
            else await RenewAsync(next.Value.Key, next.Value.Value);
        }
    }

    /// <summary>The lease that is due first, and the time until then.</summary>
    private (KeyValuePair<LeaseRequest, KeptLease>? Lease, TimeSpan Wait) Next()
    {
        lock (_gate)
        {
            if (_leases.Count == 0) return (null, s_longest);
            var first = _leases.MinBy(static p => p.Value.Life.Due);
            var due = first.Value.Life.Due;
            return (first, due < s_longest ? due : s_longest);
        }
    }

    private async Task RenewAsync(LeaseRequest request, KeptLease lease)
    {
        if (lease.Life.IsEnding)
        {
            DropWhere((_, other) => ReferenceEquals(other, lease));
            log.Debug($"a lease of {request.Target.Split('?')[0]} ends");
            return;
        }
        using var body = new SecretWriter(256);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("lease_id", lease.Id);
            json.WriteEndObject();
        }
        using var reply = await renew(body);
        lock (_gate)
        {
            var life = TimeSpan.FromSeconds(reply.Root.Number("lease_duration"));
            if (reply.IsGood) lease.Life.Renewed(life, reply.Root.Flag("renewable"));
            else if (reply.IsAway) lease.Life.Later(s_again);
            // By the server's own word it is over: whoever asks next gets another one.
            else if (_leases.TryGetValue(request, out var kept) && ReferenceEquals(kept, lease)) Remove(request);
        }
        if (!reply.IsGood)
            log.Warn($"a lease of {request.Target.Split('?')[0]} cannot be renewed: {reply.Explanation}");
    }

    private sealed class Asking(LeaseCache leases, LeaseRequest request, TaskCompletionSource done) : IDisposable
    {
        public void Dispose()
        {
            lock (leases._gate) leases._asking.Remove(request);
            done.TrySetResult();
        }
    }
}

/// <summary>An answer with a lease that lives.</summary>
internal sealed record KeptLease(string Id, SecretBytes Body, string ContentType, LeaseLife Life) : IDisposable
{
    /// <summary>When the answer came.</summary>
    public long Since { get; } = TimeProvider.System.GetTimestamp();

    public void Dispose() => Body.Dispose();

    public override string ToString() => Id;
}
