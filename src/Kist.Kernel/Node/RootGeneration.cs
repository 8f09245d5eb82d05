using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Seals;
using Kist.Kernel.Tokens;
using Kist.Secrets;

namespace Kist.Kernel.Node;

/// <summary>
/// A new root token, by those who hold the keys. Whoever begins gets (or gives) a one-time password; whoever gives
/// the last share gets the token XORed with it: neither alone has a token. One attempt at a time; sealing ends it.
/// </summary>
public sealed class RootGeneration : IDisposable
{
    /// <summary>The bytes of a one-time password: those of a token.</summary>
    public const int PasswordBytes = TokenText.ServiceLength;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Unsealed _kernel;
    private ShareCollection? _given;
    private SecretBuffer? _password;
    private volatile bool _isOver;

    internal RootGeneration(Unsealed kernel) => _kernel = kernel;

    /// <summary>What is under way.</summary>
    public ValueTask<(RootStatus? Status, Fault? Fault)> StatusAsync(CancellationToken ct) =>
        AtOnceAsync(holders => (StatusOf(holders), null), ct);

    /// <summary>Begins. A <paramref name="password"/> (copied) must have <see cref="PasswordBytes"/>.</summary>
    public ValueTask<(RootStatus? Status, Fault? Fault)> BeginAsync(SecretBuffer password, CancellationToken ct) =>
        AtOnceAsync(holders =>
        {
            if (password.Length != PasswordBytes) return (null, Fault.Invalid("OTP string is wrong length"));
            if (_given is not null) return (null, Fault.Invalid("root generation already in progress"));
            if (holders.Split.Shares == 0)
                return (null, KeyHolders.Nobody);
            _given = new ShareCollection(holders.Split.Threshold);
            _password = SecretBuffer.Copy(password.Span);
            _kernel.Log.KeyAttempt("root generation", "begun", _given.Nonce);
            return (StatusOf(holders), null);
        }, ct);

    /// <summary>Ends the attempt. A nonce that is given must be the attempt's.</summary>
    public async ValueTask<Fault?> CancelAsync(string? nonce, CancellationToken ct) =>
        (await AtOnceAsync(holders =>
        {
            if (_given is null) return (StatusOf(holders), null);
            if (nonce is null ? _kernel.Settings.CancelNeedsNonce : nonce != _given.Nonce)
                return (null, Fault.Invalid("the nonce of the attempt is needed to cancel it, and this is not it"));
            _kernel.Log.KeyAttempt("root generation", "cancelled", _given.Nonce);
            Forget();
            return (StatusOf(holders), null);
        }, ct)).Fault;

    /// <summary>Takes a share (copied); the last one needed brings the encoded token.</summary>
    public ValueTask<(RootStatus? Status, Fault? Fault)> GiveAsync(
        SecretBuffer share, string nonce, CancellationToken ct) => InTurnAsync(async holders =>
        {
            if (_given is not { } given) return (null, Fault.Invalid("no root generation in progress"));
            if (nonce != given.Nonce)
                return (null, Fault.Invalid(
                    $"incorrect nonce supplied; nonce for this root generation operation is \"{given.Nonce}\""));
            if (holders.RefusalOf(share) is { } refusal) return (null, refusal);
            if (!given.Add(share.Span))
                return (null, Fault.Invalid("given key has already been provided during this generation operation"));
            if (!given.IsComplete) return (StatusOf(holders), null);
            try
            {
                var (held, fault) = await holders.ProveAsync(given.Shares, _kernel.Node, CancellationToken.None);
                held?.Dispose();
                if (held is null) return (null, fault);
                var done = StatusOf(holders) with { EncodedToken = await EncodedAsync() };
                _kernel.Log.KeyAttempt("root generation", "done", given.Nonce);
                Forget();
                return (done, null);
            }
            finally
            {
                given.Forget();
            }
        }, ct);

    /// <summary>Zeroes what was given.</summary>
    public void Dispose()
    {
        _isOver = true;
        _turn.Wait();
        Forget();
        _turn.Release();
    }

    /// <summary>A new one-time password in letters and digits.</summary>
    public static SecretBuffer NewPassword()
    {
        var password = SecretBuffer.Rent(PasswordBytes);
        RandomNumberGenerator.GetItems(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8, password.Span);
        return password;
    }

    private async ValueTask<string> EncodedAsync()
    {
        var token = await _kernel.Tokens.CreateRootAsync(null, CancellationToken.None);
        using var bytes = SecretBuffer.Rent(PasswordBytes);
        Encoding.ASCII.GetBytes(token, bytes.Span);
        for (var i = 0; i < PasswordBytes; i++) bytes.Span[i] ^= _password!.Span[i];
        return Convert.ToBase64String(bytes.Span).TrimEnd('=');
    }

    private RootStatus StatusOf(KeyHolders holders) =>
        new(_given is not null, _given?.Nonce ?? "", _given?.Progress ?? 0, holders.Split.Threshold, null);

    private void Forget()
    {
        _given?.Dispose();
        _password?.Dispose();
        (_given, _password) = (null, null);
    }

    private ValueTask<(RootStatus? Status, Fault? Fault)> AtOnceAsync(
        Func<KeyHolders, (RootStatus? Status, Fault? Fault)> run, CancellationToken ct) =>
        InTurnAsync(holders => new(run(holders)), ct);

    private async ValueTask<(RootStatus? Status, Fault? Fault)> InTurnAsync(
        Func<KeyHolders, ValueTask<(RootStatus? Status, Fault? Fault)>> run, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (_isOver || await KeyHolders.LoadAsync(_kernel.Node.Store, ct) is not { } holders)
                throw new SealedException();
            return await run(holders);
        }
        finally
        {
            _turn.Release();
        }
    }
}

/// <summary>What anyone may know of a root generation. <paramref name="EncodedToken"/> is there once it is complete:
/// base64 without padding, each byte XOR the same byte of the one-time password.</summary>
public sealed record RootStatus(bool IsStarted, string Nonce, int Progress, int Required, string? EncodedToken);
