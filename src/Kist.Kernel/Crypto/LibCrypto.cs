using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Kist.Kernel.Crypto;

/// <summary>
/// The few functions of OpenSSL's libcrypto (3.0 and later; see its pages EVP_EncryptInit, EVP_DigestInit and HMAC)
/// that each read needs. The base class library calls the same ones, but before each it empties the thread's queue of
/// errors, and around each it counts references: of 2.3 µs for decrypting 300 bytes 1.5 are that. Where there is no
/// such library its classes do the work.
/// </summary>
internal static unsafe partial class LibCrypto
{
    public const int GetTag = 0x10, SetTag = 0x11;

    private const string Library = "libcrypto.so.3";

    // Its end at exit would free what other threads are still using; the base class library asks for the same.
    private const ulong WithoutEnd = 0x00080000;

    /// <summary>Whether the library is there and has what is needed.</summary>
    public static bool IsHere { get; } = OperatingSystem.IsLinux()
        && NativeLibrary.TryLoad(Library, out var library)
        && NativeLibrary.TryGetExport(library, "EVP_CipherInit_ex2", out _)
        && NativeLibrary.TryGetExport(library, "EVP_DigestInit_ex2", out _)
        && NativeLibrary.TryGetExport(library, "HMAC_Init_ex", out _)
        && Begin(WithoutEnd, 0) == 1
        && HasAlgorithms();

    /// <summary>AES-256-GCM, found once for the process and never given back; 0: not here.</summary>
    public static nint Aes256Gcm { get; private set; }

    /// <summary>SHA-256, likewise.</summary>
    public static nint Sha256 { get; private set; }

    /// <summary>Throws when functions that cannot fail with our arguments have failed.</summary>
    public static void Must(bool isDone)
    {
        if (isDone) return;
        ClearErrors();
        throw new CryptographicException("the system's cipher or hash failed");
    }

    // An administrator may have switched to a provider without them.
    private static bool HasAlgorithms()
    {
        Aes256Gcm = FetchCipher(0, "AES-256-GCM", 0);
        Sha256 = FetchDigest(0, "SHA256", 0);
        if (Aes256Gcm != 0 && Sha256 != 0) return true;
        ClearErrors();
        return false;
    }

    [LibraryImport(Library, EntryPoint = "OPENSSL_init_crypto")]
    private static partial int Begin(ulong options, nint settings);

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_fetch", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint FetchCipher(nint context, string name, nint properties);

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_new")]
    public static partial nint NewCipherContext();

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_free")]
    public static partial void FreeCipherContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_CipherInit_ex2")]
    public static partial int InitCipher(
        nint context, nint cipher, byte* key, byte* nonce, int encrypts, nint parameters);

    [LibraryImport(Library, EntryPoint = "EVP_CipherUpdate")]
    public static partial int UpdateCipher(nint context, byte* output, int* written, byte* input, int length);

    [LibraryImport(Library, EntryPoint = "EVP_CipherFinal_ex")]
    public static partial int FinishCipher(nint context, byte* output, int* written);

    [LibraryImport(Library, EntryPoint = "EVP_CIPHER_CTX_ctrl")]
    public static partial int ControlCipher(nint context, int what, int length, byte* value);

    [LibraryImport(Library, EntryPoint = "EVP_MD_fetch", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint FetchDigest(nint context, string name, nint properties);

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    public static partial nint NewDigestContext();

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    public static partial void FreeDigestContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_DigestInit_ex2")]
    public static partial int InitDigest(nint context, nint digest, nint parameters);

    [LibraryImport(Library, EntryPoint = "EVP_DigestUpdate")]
    public static partial int UpdateDigest(nint context, byte* input, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_DigestFinal_ex")]
    public static partial int FinishDigest(nint context, byte* hash, uint* written);

    [LibraryImport(Library, EntryPoint = "HMAC_CTX_new")]
    public static partial nint NewHmacContext();

    [LibraryImport(Library, EntryPoint = "HMAC_CTX_free")]
    public static partial void FreeHmacContext(nint context);

    [LibraryImport(Library, EntryPoint = "HMAC_Init_ex")]
    public static partial int InitHmac(nint context, byte* key, int length, nint digest, nint engine);

    [LibraryImport(Library, EntryPoint = "HMAC_Update")]
    public static partial int UpdateHmac(nint context, byte* input, nuint length);

    [LibraryImport(Library, EntryPoint = "HMAC_Final")]
    public static partial int FinishHmac(nint context, byte* hash, uint* written);

    [LibraryImport(Library, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();
}
