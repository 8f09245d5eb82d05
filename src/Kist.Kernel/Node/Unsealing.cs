using Kist.Kernel.Pipeline;
using Kist.Kernel.Seals;
using Kist.Secrets;

namespace Kist.Kernel.Node;

/// <summary>
/// The unseal under way: shares come in one by one until they are enough. Anyone may give one, so nothing here grows
/// with what is sent: at most as many shares as are needed are kept, and a wrong set is forgotten as a whole.
/// </summary>
public sealed class Unsealing : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Node _node;
    private ShareCollection? _given;
    private string _holders = "";
    private volatile UnsealProgress _progress = UnsealProgress.None;

    internal Unsealing(Node node) => _node = node;

    /// <summary>How far it is.</summary>
    public UnsealProgress Progress => _node.Current is null ? _progress : UnsealProgress.None;

    /// <summary>
    /// Takes one share (copied); the last one needed unseals. <paramref name="migrates"/> says that the share
    /// belongs to the seal that is being replaced. A share that is there already changes nothing.
    /// </summary>
    public async ValueTask<Fault?> GiveAsync(SecretBuffer share, bool migrates, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (await KeyHolders.LoadAsync(_node.Store, ct) is not { } holders)
                return Fault.Invalid("Vault is not initialized");
            if (holders.RefusalOf(share) is { } refusal) return refusal;
            var pending = _node.IsMigrating(holders.Root.Config);
            if (migrates && !pending)
                return Fault.Invalid("can't perform a seal migration, no migration seal found");
            if (!migrates && pending)
                return Fault.Invalid("migrate option not provided and seal migration is pending");
            if (_node.Current is not null) return null;
            return await TakeAsync(holders, share, pending);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Forgets the shares given so far. Refused when unsealed.</summary>
    public async ValueTask<Fault?> ResetAsync(CancellationToken ct)
    {
        if (_node.Current is not null) return Fault.Invalid("vault is unsealed");
        await _turn.WaitAsync(ct);
        try
        {
            Forget();
            return null;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Zeroes the shares.</summary>
    public void Dispose()
    {
        Forget();
        _turn.Dispose();
    }

    /// <summary>From here on the client's going away stops nothing: the shares are used up either way.</summary>
    private async ValueTask<Fault?> TakeAsync(KeyHolders holders, SecretBuffer share, bool migrates)
    {
        if (_given is null || _holders != holders.Nonce) Forget();
        _given ??= new ShareCollection(holders.Split.Threshold);
        _holders = holders.Nonce;
        _given.Add(share.Span);
        if (!_given.IsComplete)
        {
            _progress = new UnsealProgress(_given.Progress, _given.Nonce);
            return null;
        }
        try
        {
            var (held, fault) = await holders.ProveAsync(_given.Shares, _node, CancellationToken.None);
            using (held)
            {
                if (held is null) return fault;
                if (migrates) await _node.MigrateSealAsync(holders, held, CancellationToken.None);
                else
                    await _node.UnsealAsync(
                        holders.IsRecovery ? _node.SealOf(holders.Root.Config.Type) : held, CancellationToken.None);
                return null;
            }
        }
        finally
        {
            Forget();
        }
    }

    private void Forget()
    {
        _given?.Dispose();
        _given = null;
        _progress = UnsealProgress.None;
    }
}

/// <summary>How many shares were given, and the nonce of the attempt; empty when none were.</summary>
public sealed record UnsealProgress(int Given, string Nonce)
{
    /// <summary>Nothing was given.</summary>
    public static UnsealProgress None { get; } = new(0, "");
}
