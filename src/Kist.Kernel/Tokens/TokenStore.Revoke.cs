using System.Text.Json;
using Kist.Kernel.Leases;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Tokens;

public sealed partial class TokenStore
{
    /// <summary>
    /// Revokes a token and everything below it: children, leases, cubbyholes. The token is powerless from the first
    /// batch on; a crash in between is finished by the expiry, which that batch also sets to now.
    /// </summary>
    public async ValueTask RevokeAsync(string hash, CancellationToken ct)
    {
        var tree = new List<string> { hash };
        for (var i = 0; i < tree.Count; i++)
        {
            if (!await DisarmAsync(tree[i], ct)) continue;
            await foreach (var child in ChildrenAsync(tree[i], ct)) tree.Add(child);
        }
        for (var i = tree.Count - 1; i >= 0; i--) await RemoveAsync(tree[i], ct);
    }

    /// <summary>Revokes one token and makes its children orphans.</summary>
    public async ValueTask RevokeOrphanAsync(string hash, CancellationToken ct)
    {
        if (!await DisarmAsync(hash, ct)) return;
        await foreach (var child in ChildrenAsync(hash, ct))
        {
            await _storage.TransactAsync(async tx =>
            {
                tx.Delete(ChildKey(hash, child));
                if (await tx.GetAsync(EntryKey(child)) is not { } plain) return;
                var entry = JsonSerializer.Deserialize(plain.Span, KernelJson.Default.TokenEntry)! with { Parent = "" };
                tx.Put(EntryKey(child), JsonSerializer.SerializeToUtf8Bytes(entry, KernelJson.Default.TokenEntry));
            }, ct);
            Forget(child);
        }
        await RemoveAsync(hash, ct);
    }

    /// <summary>
    /// Renews a token by <paramref name="increment"/> within its limits. The entry comes back as it is now, with
    /// warnings where the wish was cut. No entry and no fault: its login method has forgotten the caller, and nothing
    /// was renewed.
    /// </summary>
    public async ValueTask<(TokenEntry? Entry, TimeSpan Ttl, Fault? Fault)> RenewAsync(
        TokenEntry entry, TimeSpan increment, List<string> warnings, CancellationToken ct)
    {
        if (entry.Type is TokenType.Batch) return (null, default, Fault.Invalid("batch tokens cannot be renewed"));
        if (!entry.Renewable || entry.ExpireTime is null)
            return (null, default, Fault.Invalid("lease is not renewable"));
        var mount = _kernel.Mounts.Current.WithUuid(entry.MountUuid);
        if (mount is null) return (null, default, Fault.Invalid("the mount of this token is gone"));
        var renewal = await mount.Engine.RenewLoginAsync(mount, entry, ct);
        if (renewal.Fault is not null || renewal.IsForgotten) return (null, default, renewal.Fault);
        var now = Now;
        var ttl = new TtlRule
        {
            Asked = increment, RoleTtl = renewal.Ttl, RoleMaxTtl = renewal.MaxTtl, Period = renewal.Period,
            ExplicitMaxTtl = renewal.ExplicitMaxTtl, MountDefault = _kernel.Mounts.DefaultTtl(mount.Entry),
            MountMax = _kernel.Mounts.MaxTtl(mount.Entry), Start = entry.IssueTime,
        }.Decide(now, warnings);
        if (ttl < TimeSpan.Zero) return (null, default, Fault.Invalid("past the max TTL, cannot renew"));
        var renewed = await _storage.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(EntryKey(entry.Hash)) is not { } plain) return null;
            var current = JsonSerializer.Deserialize(plain.Span, KernelJson.Default.TokenEntry)!;
            if (current.NumUses < 0) return null;
            var next = current with { ExpireTime = now + ttl, LastRenewal = now };
            tx.Put(EntryKey(entry.Hash), JsonSerializer.SerializeToUtf8Bytes(next, KernelJson.Default.TokenEntry));
            _kernel.Leases.MoveToken(tx, current, next);
            return next;
        }, ct);
        Forget(entry.Hash);
        return renewed is null ? (null, default, Fault.BadToken) : (renewed, ttl, null);
    }

    /// <summary>Removes index entries that lead nowhere (<c>auth/token/tidy</c>); returns how many.</summary>
    public async ValueTask<int> TidyAsync(CancellationToken ct)
    {
        var removed = 0;
        for (var after = ""; ;)
        {
            var accessors = await AccessorsAsync(after, 200, ct);
            foreach (var accessor in accessors)
            {
                using var hash = await _storage.GetAsync(AccessorKey(accessor), ct);
                if (hash is null) continue;
                if (await ReadAsync(System.Text.Encoding.ASCII.GetString(hash.Span), ct) is not null) continue;
                await _storage.DeleteAsync(AccessorKey(accessor), ct);
                removed++;
            }
            if (accessors.Count < 200) return removed;
            after = accessors[^1];
        }
    }

    /// <summary>
    /// Marks the token as being revoked, so that it can do nothing any more. False when there is no such token.
    /// </summary>
    private async ValueTask<bool> DisarmAsync(string hash, CancellationToken ct)
    {
        var found = await _storage.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(EntryKey(hash)) is not { } plain) return false;
            var entry = JsonSerializer.Deserialize(plain.Span, KernelJson.Default.TokenEntry)!;
            if (entry.NumUses == TokenEntry.RevocationPending) return true;
            var disarmed = entry with { NumUses = TokenEntry.RevocationPending };
            tx.Put(EntryKey(hash), JsonSerializer.SerializeToUtf8Bytes(disarmed, KernelJson.Default.TokenEntry));
            _kernel.Leases.WriteDue(tx, $"{entry.Path}/h{hash}", hash, Now);
            return true;
        }, ct);
        Forget(hash);
        return found;
    }

    private async ValueTask RemoveAsync(string hash, CancellationToken ct)
    {
        await _kernel.Leases.RevokeOfTokenAsync(hash, ct);
        await _kernel.Cubbyholes.DeleteAllAsync(hash + "/", ct);
        await _storage.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(EntryKey(hash)) is not { } plain) return;
            var entry = JsonSerializer.Deserialize(plain.Span, KernelJson.Default.TokenEntry)!;
            tx.Delete(EntryKey(hash));
            tx.Delete(AccessorKey(entry.Accessor));
            if (!entry.IsOrphan) tx.Delete(ChildKey(entry.Parent, hash));
            await _kernel.Leases.RemoveTokenAsync(tx, entry);
        }, ct);
        Forget(hash);
    }

    private async IAsyncEnumerable<string> ChildrenAsync(string hash,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var prefix = $"par/{hash}/";
        for (var after = ""; ;)
        {
            var keys = await _storage.ScanAsync(prefix, after, 200, ct);
            foreach (var key in keys) yield return key[prefix.Length..];
            if (keys.Count < 200) yield break;
            after = keys[^1];
        }
    }
}
