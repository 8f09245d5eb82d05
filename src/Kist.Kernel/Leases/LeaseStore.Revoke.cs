using System.Globalization;
using System.Text;
using System.Text.Json;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Leases;

public sealed partial class LeaseStore
{
    /// <summary>How often the revocation of one lease is tried before it is left to a person.</summary>
    public const int MaxRevocationAttempts = 6;

    private const int Page = 100;

    /// <summary>Ends a lease now. Nothing happens when there is none.</summary>
    public async ValueTask<Fault?> RevokeAsync(string id, bool force, CancellationToken ct)
    {
        if (await FindAsync(id, ct) is not { } lease) return null;
        return await EndAsync(lease, force, ct);
    }

    /// <summary>Ends all leases whose ids begin with <paramref name="prefix"/> (a whole folder, or one id).</summary>
    public async ValueTask<Fault?> RevokePrefixAsync(string prefix, bool force, CancellationToken ct)
    {
        if (await FindAsync(prefix, ct) is { } single && await EndAsync(single, force, ct) is { } fault) return fault;
        var folder = prefix.EndsWith('/') ? prefix : prefix + "/";
        Fault? first = null;
        for (var after = ""; ;)
        {
            var keys = await _storage.ScanAsync(IdKey(folder), after, Page, ct);
            foreach (var key in keys)
                if (await FindAsync(key["id/".Length..], ct) is { } lease) first ??= await EndAsync(lease, force, ct);
            if (keys.Count < Page) return first;
            after = keys[^1];
        }
    }

    /// <summary>Ends everything that was leased to a token.</summary>
    internal async ValueTask RevokeOfTokenAsync(string tokenHash, CancellationToken ct)
    {
        for (var after = ""; ;)
        {
            var keys = await _storage.ScanAsync($"tok/{tokenHash}/", after, Page, ct);
            foreach (var key in keys)
            {
                using var id = await _storage.GetAsync(key, ct);
                if (id is not null) await RevokeAsync(Encoding.UTF8.GetString(id.Span), force: false, ct);
            }
            if (keys.Count < Page) return;
            after = keys[^1];
        }
    }

    /// <summary>
    /// Ends what is due, oldest first, one page at a time so that a storm of a million is paced; returns how many. What
    /// fails is tried again later, further apart each time.
    /// </summary>
    public async ValueTask<int> ExpireDueAsync(CancellationToken ct)
    {
        var now = Now.ToUnixTimeMilliseconds().ToString("D13", CultureInfo.InvariantCulture);
        var keys = await _storage.ScanAsync("due/", "", Page, ct);
        var ended = 0;
        foreach (var key in keys)
        {
            if (string.CompareOrdinal(key.AsSpan("due/".Length, 13).ToString(), now) > 0) break;
            await ExpireAsync(key, ct);
            ended++;
        }
        return ended;
    }

    /// <summary>How many leases there are below <paramref name="prefix"/>, at most <paramref name="limit"/>.</summary>
    public async ValueTask<int> CountAsync(string prefix, int limit, CancellationToken ct)
    {
        var count = 0;
        for (var after = ""; count < limit;)
        {
            var keys = await _storage.ScanAsync(IdKey(prefix), after, Math.Min(1000, limit - count), ct);
            count += keys.Count;
            if (keys.Count < 1000) break;
            after = keys[^1];
        }
        return count;
    }

    /// <summary>
    /// Leases whose revocation was given up, in the order of their ids, at most <paramref name="limit"/>. Reads every
    /// lease: for people, not for requests.
    /// </summary>
    public async ValueTask<IReadOnlyList<LeaseRecord>> IrrevocableAsync(int limit, CancellationToken ct)
    {
        var found = new List<LeaseRecord>();
        for (var after = ""; ;)
        {
            var keys = await _storage.ScanAsync("id/", after, Page, ct);
            foreach (var key in keys)
            {
                if (await FindAsync(key["id/".Length..], ct) is not { } lease) continue;
                if (lease.FailedRevocations < MaxRevocationAttempts) continue;
                found.Add(lease);
                if (found.Count == limit) return found;
            }
            if (keys.Count < Page) return found;
            after = keys[^1];
        }
    }

    private async ValueTask ExpireAsync(string key, CancellationToken ct)
    {
        using var value = await _storage.GetAsync(key, ct);
        if (value is null) return;
        var text = Encoding.UTF8.GetString(value.Span);
        var blank = text.IndexOf(' ');
        var (tokenHash, id) = (text[..blank], text[(blank + 1)..]);
        if (tokenHash.Length > 0) await _kernel.Tokens.RevokeAsync(tokenHash, ct);
        else if (await FindAsync(id, ct) is { } lease && await EndAsync(lease, force: false, ct) is not null) return;
        await _storage.DeleteAsync(key, ct);
        _kernel.Log.LeaseExpired(id, key);
    }

    private async ValueTask<Fault?> EndAsync(LeaseRecord lease, bool force, CancellationToken ct)
    {
        if (lease.IsToken)
        {
            await _kernel.Tokens.RevokeAsync(lease.TokenHash, ct);
            return null;
        }
        var engine = _kernel.Mounts.Current.WithUuid(lease.MountUuid)?.Engine;
        var kind = engine?.Leases.FirstOrDefault(k => k.Name == lease.Kind);
        try
        {
            if (kind is not null) await kind.Revoke(lease, ct);
            else if (!force) return Fault.Internal("failed to revoke entry: the engine of this lease is gone");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _kernel.Log.RevocationFailed(lease.Id, e);
            if (!force)
            {
                await PostponeAsync(lease, ct);
                return Fault.Internal("failed to revoke entry");
            }
        }
        await _storage.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(IdKey(lease.Id)) is null) return;
            tx.Delete(IdKey(lease.Id));
            tx.Delete(DueKey(lease.ExpireTime, lease.Id));
            tx.Delete(TokenKey(lease.TokenHash, lease.Id));
        }, ct);
        return null;
    }

    /// <summary>
    /// Tries again after 10 s, 20 s, 40 s …; after the last attempt once a day, and the log says so each time.
    /// </summary>
    private ValueTask PostponeAsync(LeaseRecord lease, CancellationToken ct) => _storage.TransactAsync(async tx =>
    {
        if (await tx.GetAsync(IdKey(lease.Id)) is not { } plain) return;
        var current = JsonSerializer.Deserialize(plain.Span, KernelJson.Default.LeaseRecord)!;
        var failed = current.FailedRevocations + 1;
        var delay = failed >= MaxRevocationAttempts ? TimeSpan.FromDays(1) : TimeSpan.FromSeconds(10 << (failed - 1));
        tx.Delete(DueKey(current.ExpireTime, current.Id));
        Write(tx, current with { FailedRevocations = failed, ExpireTime = Now + delay });
    }, ct);
}
