using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Kist.Server.Logins.UserPass;

/// <summary>Argon2id (RFC 9106, version 1.3, one lane) as libsodium computes it.</summary>
internal static unsafe partial class Argon2Id
{
    /// <summary>How records name it.</summary>
    public const string Name = "argon2id";

    /// <summary>libsodium knows this length only.</summary>
    public const int SaltBytes = 16;

    private const string Library = "libsodium";
    private const int Argon2Id13 = 2;

    static Argon2Id()
    {
        if (Initialize() < 0) throw new CryptographicException("libsodium cannot be initialised");
    }

    /// <summary>Derives <paramref name="length"/> bytes from a password.</summary>
    public static byte[] Derive(ReadOnlySpan<byte> password, byte[] salt, int memoryKib, int passes, int length)
    {
        if (salt.Length != SaltBytes) throw new ArgumentException("the salt does not have 16 bytes", nameof(salt));
        var output = new byte[length];
        fixed (byte* result = output, text = password, grains = salt)
            if (Hash(result, (ulong)length, text, (ulong)password.Length, grains, (ulong)passes,
                (nuint)memoryKib * 1024,
                Argon2Id13) != 0)
                throw new InsufficientMemoryException("no memory is left to hash a password");
        return output;
    }

    [LibraryImport(Library, EntryPoint = "sodium_init")]
    private static partial int Initialize();

    [LibraryImport(Library, EntryPoint = "crypto_pwhash")]
    private static partial int Hash(byte* output, ulong outputLength, byte* password, ulong passwordLength, byte* salt,
        ulong passes, nuint memoryBytes, int algorithm);
}
