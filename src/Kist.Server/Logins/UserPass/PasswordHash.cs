using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Server.Logins.UserPass;

/// <summary>
/// Hashes passwords with Argon2id, 19 MiB and 2 passes (OWASP Password Storage Cheat Sheet). At most as many run at
/// once as there are cores, in the whole process: a flood of logins waits here and leaves the rest of the server its
/// memory.
/// </summary>
internal sealed class PasswordHash
{
    private const int HashBytes = 32;
    private const int MemoryKib = 19 * 1024;
    private const int Passes = 2;

    private static readonly SemaphoreSlim s_running = new(Environment.ProcessorCount, Environment.ProcessorCount);

    // Stands in for the password of a user who does not exist. No password has this hash: it is all zero.
    private static readonly HashedPassword s_nobody = new()
    {
        Algorithm = Argon2Id.Name, Salt = new byte[Argon2Id.SaltBytes], Hash = new byte[HashBytes],
        MemoryKib = MemoryKib, Passes = Passes,
    };

    /// <summary>Hashes a new password with a new salt.</summary>
    public async ValueTask<HashedPassword> HashAsync(SecretBuffer password, CancellationToken ct)
    {
        var salt = RandomNumberGenerator.GetBytes(Argon2Id.SaltBytes);
        return new HashedPassword
        {
            Algorithm = Argon2Id.Name, Salt = salt, MemoryKib = MemoryKib, Passes = Passes,
            Hash = await DeriveAsync(password, salt, MemoryKib, Passes, HashBytes, ct),
        };
    }

    /// <summary>
    /// Whether <paramref name="password"/> is the one that was hashed. Always runs the function once, also without
    /// anything to compare with and for passwords that nobody can have, so that the time says nothing about which names
    /// exist.
    /// </summary>
    public async ValueTask<bool> IsRightAsync(SecretBuffer password, HashedPassword? known, CancellationToken ct)
    {
        var against = known ?? s_nobody;
        if (against.Algorithm != Argon2Id.Name) throw new InvalidOperationException("unknown password hash");
        var isTooLong = password.Length > PasswordText.MaxBytes;
        using var empty = SecretBuffer.Rent(0);
        var hash = await DeriveAsync(isTooLong ? empty : password, against.Salt, against.MemoryKib, against.Passes,
            against.Hash.Length, ct);
        return CryptographicOperations.FixedTimeEquals(hash, against.Hash) & !isTooLong & known is not null;
    }

    private static async ValueTask<byte[]> DeriveAsync(
        SecretBuffer password, byte[] salt, int memoryKib, int passes, int length, CancellationToken ct)
    {
        await s_running.WaitAsync(ct);
        try
        {
            return Argon2Id.Derive(password.Span, salt, memoryKib, passes, length);
        }
        finally
        {
            s_running.Release();
        }
    }
}

/// <summary>A password's hash and all that is needed to check it again, whatever the defaults are by then.</summary>
internal sealed record HashedPassword
{
    public required string Algorithm { get; init; }

    public required byte[] Salt { get; init; }

    public required byte[] Hash { get; init; }

    public int MemoryKib { get; init; }

    public int Passes { get; init; }
}
