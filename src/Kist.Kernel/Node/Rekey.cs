using System.Security.Cryptography;
using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Node;

/// <summary>
/// New keys, by those who hold the old ones: a new root key under new unseal keys (with a seal that opens by itself:
/// under that seal, and nobody gets a key), or new recovery keys. Begin, give enough old shares, get the new ones;
/// with verification the new ones count only after enough of them were given back. One attempt at a time; sealing
/// ends it.
/// </summary>
public sealed class Rekey : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Unsealed _kernel;
    private readonly bool _isRecovery;
    private RekeyAttempt? _attempt;
    private volatile bool _isOver;

    internal Rekey(Unsealed kernel, bool isRecovery) => (_kernel, _isRecovery) = (kernel, isRecovery);

    private string What => _isRecovery ? "recovery rekey" : "rekey";

    /// <summary>What is under way.</summary>
    public ValueTask<(RekeyStatus? Status, Fault? Fault)> StatusAsync(CancellationToken ct) =>
        AtOnceAsync<RekeyStatus>(holders => (StatusOf(holders), null), ct);

    /// <summary>Begins an attempt for keys in <paramref name="split"/>.</summary>
    public ValueTask<(RekeyStatus? Status, Fault? Fault)> BeginAsync(
        KeySplit split, bool verifies, CancellationToken ct) => AtOnceAsync<RekeyStatus>(holders =>
        {
            if (split.Threshold > split.Shares)
                return (null, Fault.Invalid("provided threshold greater than the total shares"));
            if (!_isRecovery && holders.IsRecovery)
            {
                if (verifies)
                    return (null, Fault.Invalid(
                        "requiring verification not supported when rekeying the barrier key with recovery seal"));
                split = new KeySplit(1, 1);
            }
            if (split.Refusal is { } refusal)
                return (null, Fault.Invalid($"invalid rekey seal configuration: {refusal}"));
            if (_attempt is not null) return (null, Fault.Invalid("rekey already in progress"));
            if (holders.Split.Shares == 0)
                return (null, KeyHolders.Nobody);
            _attempt = new RekeyAttempt(split, verifies, holders.Split.Threshold);
            _kernel.Log.KeyAttempt(What, "begun", _attempt.Given.Nonce);
            return (StatusOf(holders), null);
        }, ct);

    /// <summary>Ends the attempt. A nonce that is given must be the attempt's.</summary>
    public async ValueTask<Fault?> CancelAsync(string? nonce, CancellationToken ct) =>
        (await AtOnceAsync<RekeyStatus>(holders =>
        {
            if (_attempt is null) return (StatusOf(holders), null);
            if (nonce is null ? _kernel.Settings.CancelNeedsNonce : nonce != _attempt.Given.Nonce)
                return (null, Fault.Invalid("the nonce of the attempt is needed to cancel it, and this is not it"));
            _kernel.Log.KeyAttempt(What, "cancelled", _attempt.Given.Nonce);
            Forget();
            return (StatusOf(holders), null);
        }, ct)).Fault;

    /// <summary>Takes an old share (copied); the last one needed brings the new ones, which the caller
    /// disposes.</summary>
    public ValueTask<(RekeyProgress? Progress, Fault? Fault)> GiveAsync(
        SecretBuffer share, string nonce, CancellationToken ct) => InTurnAsync<RekeyProgress>(async holders =>
        {
            if (_attempt is not { Made: null } attempt) return (null, Fault.Invalid($"no {Kind} rekey in progress"));
            if (nonce != attempt.Given.Nonce) return (null, WrongNonce("rekey", attempt.Given.Nonce));
            if (holders.RefusalOf(share) is { } refusal) return (null, refusal);
            if (!attempt.Given.Add(share.Span))
                return (null, Fault.Invalid("given key has already been provided during this rekey operation"));
            if (!attempt.Given.IsComplete) return (new RekeyProgress(StatusOf(holders)), null);
            try
            {
                var (held, fault) = await holders.ProveAsync(
                    attempt.Given.Shares, _kernel.Node, CancellationToken.None);
                held?.Dispose();
                return held is null ? (null, fault) : (await MakeAsync(attempt, holders), null);
            }
            finally
            {
                attempt.Given.Forget();
            }
        }, ct);

    /// <summary>How far the verification is; a fault when nothing is under way.</summary>
    public ValueTask<(RekeyStatus? Status, Fault? Fault)> VerificationAsync(CancellationToken ct) =>
        AtOnceAsync<RekeyStatus>(holders => _attempt is null
            ? (null, Fault.Invalid("no rekey configuration found"))
            : (StatusOf(holders), null), ct);

    /// <summary>Takes a new share back (copied); the last one needed puts the new keys in force: then the progress is
    /// complete.</summary>
    public ValueTask<(RekeyProgress? Progress, Fault? Fault)> VerifyAsync(
        SecretBuffer share, string nonce, CancellationToken ct) => InTurnAsync<RekeyProgress>(async holders =>
        {
            if (_attempt is null) return (null, Fault.Invalid($"no {Kind} rekey in progress"));
            if (_attempt is not { Made: { } made, Returned: { } returned } attempt)
                return (null, Fault.Invalid("no rekey verification in progress"));
            if (nonce != returned.Nonce) return (null, WrongNonce("verify", returned.Nonce));
            if (share.Length != attempt.Split.ShareBytes)
                return (null, Fault.Invalid($"invalid key: the new keys have {attempt.Split.ShareBytes} bytes"));
            if (!returned.Add(share.Span))
                return (null, Fault.Invalid("given key has already been provided during this verify operation"));
            if (!returned.IsComplete) return (new RekeyProgress(StatusOf(holders)), null);
            try
            {
                if (!made.IsOf(returned.Shares, attempt.Split.Threshold))
                    return (null, Fault.Invalid("rekey verification failed; incorrect key shares supplied"));
                await InstallAsync(attempt, made, holders);
                var done = new RekeyProgress(StatusOf(holders)) { IsComplete = true };
                Forget();
                return (done, null);
            }
            finally
            {
                _attempt?.Returned?.Forget();
            }
        }, ct);

    /// <summary>Forgets the new shares given back so far, and begins the verification again with a new
    /// nonce.</summary>
    public ValueTask<(RekeyStatus? Status, Fault? Fault)> RestartVerificationAsync(CancellationToken ct) =>
        AtOnceAsync<RekeyStatus>(holders =>
        {
            if (_attempt is null) return (null, Fault.Invalid("no rekey configuration found"));
            _attempt.Returned?.Reset();
            return (StatusOf(holders), null);
        }, ct);

    /// <summary>Zeroes what was given and made.</summary>
    public void Dispose()
    {
        _isOver = true;
        _turn.Wait();
        Forget();
        _turn.Release();
    }

    private string Kind => _isRecovery ? "recovery" : "barrier";

    private static Fault WrongNonce(string operation, string nonce) =>
        Fault.Invalid($"incorrect nonce supplied; nonce for this {operation} operation is \"{nonce}\"");

    private async ValueTask<RekeyProgress> MakeAsync(RekeyAttempt attempt, KeyHolders holders)
    {
        var made = ShamirSeal.Create();
        var status = StatusOf(holders);
        var shares = !_isRecovery && holders.IsRecovery
            ? []
            : made.Split(attempt.Split.Shares, attempt.Split.Threshold);
        if (attempt.Verifies)
        {
            attempt.Expect(made);
            return new RekeyProgress(status)
            {
                IsComplete = true, Shares = shares, VerificationNonce = attempt.Returned!.Nonce,
            };
        }
        try
        {
            await InstallAsync(attempt, made, holders);
        }
        catch
        {
            foreach (var share in shares) share.Dispose();
            throw;
        }
        finally
        {
            made.Dispose();
        }
        Forget();
        return new RekeyProgress(status) { IsComplete = true, Shares = shares };
    }

    /// <summary>From the commit on only the new keys are good.</summary>
    private async ValueTask InstallAsync(RekeyAttempt attempt, ShamirSeal made, KeyHolders holders)
    {
        var ct = CancellationToken.None;
        if (_isRecovery)
        {
            var seal = _kernel.Node.SealOf(holders.Root.Config.Type);
            var record = await RecoveryKeyStore.MakeAsync(seal, made, attempt.Split, ct);
            if (await RecoveryKeyStore.LoadAsync(_kernel.Node.Store, ct) is not { } known
                || known.Key.Nonce != holders.Nonce)
                throw new ConflictException("the recovery keys were changed meanwhile");
            var batch = new Batch().Expect(RecoveryKeyStore.StoreKey, known.Revision);
            RecoveryKeyStore.Put(batch, record);
            if (!await _kernel.Node.Store.CommitAsync(batch, ct))
                throw new ConflictException("the recovery keys were changed meanwhile");
        }
        else
        {
            var seal = holders.IsRecovery ? _kernel.Node.SealOf(holders.Root.Config.Type) : made;
            var split = holders.IsRecovery ? default : attempt.Split;
            using var rootKey = SecretBuffer.Rent(KeyWrap.KeyBytes);
            RandomNumberGenerator.Fill(rootKey.Span);
            var wrapped = await seal.WrapAsync(rootKey.Memory, ct);
            var config = new SealConfig(seal.Type, split.Shares, split.Threshold, SealConfig.NewNonce());
            await _kernel.Barrier.RekeyAsync(rootKey, batch => RootKeyStore.Put(batch, config, wrapped), ct);
        }
        _kernel.Log.KeyAttempt(What, "done", attempt.Given.Nonce);
    }

    private RekeyStatus StatusOf(KeyHolders holders) => _attempt is { } attempt
        ? new RekeyStatus(attempt.Given.Nonce, true, attempt.Split, attempt.Given.Progress, holders.Split.Threshold,
            attempt.Verifies, attempt.Returned?.Nonce, attempt.Returned?.Progress ?? 0)
        : new RekeyStatus("", false, default, 0, holders.Split.Threshold, false, null, 0);

    private void Forget()
    {
        _attempt?.Dispose();
        _attempt = null;
    }

    private ValueTask<(T? Value, Fault? Fault)> AtOnceAsync<T>(
        Func<KeyHolders, (T? Value, Fault? Fault)> run, CancellationToken ct) where T : class =>
        InTurnAsync<T>(holders => new(run(holders)), ct);

    private async ValueTask<(T? Value, Fault? Fault)> InTurnAsync<T>(
        Func<KeyHolders, ValueTask<(T? Value, Fault? Fault)>> run, CancellationToken ct) where T : class
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (_isOver || await KeyHolders.LoadAsync(_kernel.Node.Store, ct) is not { } holders)
                throw new SealedException();
            if (_isRecovery && !holders.IsRecovery) return (null, Fault.Invalid("recovery rekeying not supported"));
            return await run(holders);
        }
        finally
        {
            _turn.Release();
        }
    }
}
