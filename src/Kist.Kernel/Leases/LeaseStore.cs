using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Leases;

/// <summary>
/// Everything that ends: secrets that engines lease out, and the lives of tokens. Leases lie under their ids; an index
/// by time is all that the expiry reads, so a start loads none of them, and an index by token finds what dies with it.
/// </summary>
public sealed partial class LeaseStore
{
    private readonly Node.Unsealed _kernel;
    private readonly Storage _storage;

    internal LeaseStore(Node.Unsealed kernel, Storage storage)
    {
        _kernel = kernel;
        _storage = storage;
    }

    private DateTimeOffset Now => _kernel.Clock.GetUtcNow();

    /// <summary>Registers what an engine hands out; fills in the grant's id and life.</summary>
    public async ValueTask<Fault?> RegisterAsync(
        LeaseGrant grant, Mount mount, string path, Caller caller, List<string> warnings, CancellationToken ct)
    {
        var now = Now;
        var ttl = new TtlRule
        {
            Asked = grant.Ttl, RoleMaxTtl = grant.MaxTtl, MountDefault = _kernel.Mounts.DefaultTtl(mount.Entry),
            MountMax = _kernel.Mounts.MaxTtl(mount.Entry), Start = now,
        }.Decide(now, warnings);
        if (caller.Entry is not { } token) return Fault.Invalid("a lease needs a token to belong to");
        if (token.Type is TokenType.Batch && token.ExpireTime is { } end && now + ttl > end) ttl = end - now;
        var record = new LeaseRecord
        {
            Id = $"{path}/{RandomNumberGenerator.GetString(IdAlphabet, 24)}",
            TokenHash = token.Type is TokenType.Batch ? token.Parent : token.Hash,
            Kind = grant.Kind,
            MountUuid = mount.Entry.Uuid,
            Data = grant.Data.ToArray(),
            IssueTime = now,
            ExpireTime = now + ttl,
            MaxTtl = grant.MaxTtl,
            Renewable = grant.Renewable,
        };
        await _storage.TransactAsync(tx =>
        {
            Write(tx, record);
            return ValueTask.CompletedTask;
        }, ct);
        (grant.Id, grant.Granted) = (record.Id, ttl);
        return null;
    }

    /// <summary>The lease with this id, or null.</summary>
    public async ValueTask<LeaseRecord?> FindAsync(string id, CancellationToken ct)
    {
        if (!IsId(id)) return null;
        using var plain = await _storage.GetAsync(IdKey(id), ct);
        return plain is null ? null : JsonSerializer.Deserialize(plain.Span, KernelJson.Default.LeaseRecord);
    }

    /// <summary>Names directly below <paramref name="prefix"/>; folders end in a slash.</summary>
    public ValueTask<IReadOnlyList<string>> ListAsync(string prefix, string after, int limit, CancellationToken ct) =>
        _storage.ListAsync("id/" + prefix, after, limit, ct);

    /// <summary>Lengthens a lease within its limits.</summary>
    public async ValueTask<(LeaseRecord? Lease, TimeSpan Ttl, Fault? Fault)> RenewAsync(
        string id, TimeSpan increment, List<string> warnings, CancellationToken ct)
    {
        if (await FindAsync(id, ct) is not { } lease) return (null, default, Fault.Invalid("lease not found"));
        if (lease.IsToken)
            return (null, default, Fault.Invalid("tokens cannot be renewed through this endpoint"));
        if (!lease.Renewable) return (null, default, Fault.Invalid("lease is not renewable"));
        var now = Now;
        if (lease.ExpireTime <= now) return (null, default, Fault.Invalid("lease expired"));
        if (_kernel.Mounts.Current.WithUuid(lease.MountUuid) is not { } mount)
            return (null, default, Fault.Invalid("the mount of this lease is gone"));
        var ttl = new TtlRule
        {
            Asked = increment, RoleMaxTtl = lease.MaxTtl, MountDefault = _kernel.Mounts.DefaultTtl(mount.Entry),
            MountMax = _kernel.Mounts.MaxTtl(mount.Entry), Start = lease.IssueTime,
        }.Decide(now, warnings);
        if (ttl < TimeSpan.Zero) return (null, default, Fault.Invalid("past the max TTL, cannot renew"));
        var kind = mount.Engine.Leases.FirstOrDefault(k => k.Name == lease.Kind);
        if (kind?.Renew is { } renew && await renew(lease, ttl, ct) is { } fault) return (null, default, fault);
        var renewed = await _storage.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(IdKey(id)) is not { } plain) return null;
            var current = JsonSerializer.Deserialize(plain.Span, KernelJson.Default.LeaseRecord)!;
            tx.Delete(DueKey(current.ExpireTime, id));
            var next = current with { ExpireTime = now + ttl, LastRenewal = now };
            Write(tx, next);
            return next;
        }, ct);
        return renewed is null ? (null, default, Fault.Invalid("lease not found")) : (renewed, ttl, null);
    }

    /// <summary>Writes a token's life beside its entry, in the same batch.</summary>
    internal void WriteToken(Transaction tx, TokenEntry entry) => Write(tx.On(_storage), new LeaseRecord
    {
        Id = entry.LeaseId!,
        TokenHash = entry.Hash,
        MountUuid = entry.MountUuid,
        IssueTime = entry.IssueTime,
        LastRenewal = entry.LastRenewal,
        ExpireTime = entry.ExpireTime!.Value,
        Renewable = entry.Renewable,
    });

    /// <summary>Moves a token's life to its new end.</summary>
    internal void MoveToken(Transaction tx, TokenEntry old, TokenEntry renewed)
    {
        if (old.LeaseId is { } id) tx.On(_storage).Delete(DueKey(old.ExpireTime!.Value, id));
        WriteToken(tx, renewed);
    }

    /// <summary>
    /// Makes the expiry look at a token at <paramref name="when"/>: its revocation may have to be finished.
    /// </summary>
    internal void WriteDue(Transaction tx, string id, string tokenHash, DateTimeOffset when) =>
        tx.On(_storage).Put(DueKey(when, id), Encoding.UTF8.GetBytes($"{tokenHash} {id}"));

    /// <summary>Removes a token's life with its entry.</summary>
    internal async ValueTask RemoveTokenAsync(Transaction outer, TokenEntry entry)
    {
        var tx = outer.On(_storage);
        var id = $"{entry.Path}/h{entry.Hash}";
        if (entry.ExpireTime is { } end) tx.Delete(DueKey(end, id));
        if (await tx.GetAsync(IdKey(id)) is not null) tx.Delete(IdKey(id));
    }

    private void Write(Transaction tx, LeaseRecord lease)
    {
        tx.Put(IdKey(lease.Id), JsonSerializer.SerializeToUtf8Bytes(lease, KernelJson.Default.LeaseRecord));
        tx.Put(DueKey(lease.ExpireTime, lease.Id),
            Encoding.UTF8.GetBytes($"{(lease.IsToken ? lease.TokenHash : "")} {lease.Id}"));
        if (!lease.IsToken) tx.Put(TokenKey(lease.TokenHash, lease.Id), Encoding.UTF8.GetBytes(lease.Id));
    }

    private const string IdAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>An id is a path; anything else cannot name a lease and is not looked up.</summary>
    private static bool IsId(string id) =>
        id.Length is > 0 and <= RequestPath.MaxLength && RequestPath.TryCreate(id, out _, out _);

    private static string IdKey(string id) => "id/" + id;

    /// <summary>Sorts by time: milliseconds as 13 decimal digits are enough until the year 2286.</summary>
    private static string DueKey(DateTimeOffset when, string id) =>
        $"due/{when.ToUnixTimeMilliseconds().ToString("D13", CultureInfo.InvariantCulture)}/{ShortHash(id)}";

    private static string TokenKey(string tokenHash, string id) => $"tok/{tokenHash}/{ShortHash(id)}";

    private static string ShortHash(string id)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(id), hash);
        return Convert.ToHexStringLower(hash[..16]);
    }
}
