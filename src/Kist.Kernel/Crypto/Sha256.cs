using System.Security.Cryptography;

namespace Kist.Kernel.Crypto;

/// <summary>
/// SHA-256 (FIPS 180-4) of bytes that lie in one place. A thread keeps its context: making one costs as much as hashing
/// half a line of the audit.
/// </summary>
internal sealed unsafe class Sha256
{
    [ThreadStatic]
    private static Sha256? t_kept;

    private readonly IncrementalHash? _library;
    private readonly nint _context;

    private Sha256() : this(byLibrary: !LibCrypto.IsHere)
    {
    }

    /// <summary>By the base class library, or by the system's own.</summary>
    internal Sha256(bool byLibrary)
    {
        if (byLibrary)
        {
            GC.SuppressFinalize(this);
            _library = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            return;
        }
        _context = LibCrypto.NewDigestContext();
        LibCrypto.Must(_context != 0);
    }

    ~Sha256() => LibCrypto.FreeDigestContext(_context);

    /// <summary>Writes the 32 bytes of the hash.</summary>
    public static void Hash(ReadOnlySpan<byte> text, Span<byte> hash) => (t_kept ??= new Sha256()).Write(text, hash);

    /// <summary>The same, with this context.</summary>
    internal void Write(ReadOnlySpan<byte> text, Span<byte> hash)
    {
        if (_library is not null)
        {
            _library.AppendData(text);
            _library.GetHashAndReset(hash);
            return;
        }
        if (hash.Length < SHA256.HashSizeInBytes) throw new ArgumentException("a hash has 32 bytes", nameof(hash));
        bool isDone;
        fixed (byte* from = text)
        fixed (byte* to = hash)
            isDone = LibCrypto.InitDigest(_context, LibCrypto.Sha256, 0) == 1
                && (text.IsEmpty || LibCrypto.UpdateDigest(_context, from, (nuint)text.Length) == 1)
                && LibCrypto.FinishDigest(_context, to, null) == 1;
        GC.KeepAlive(this);
        LibCrypto.Must(isDone);
    }
}
