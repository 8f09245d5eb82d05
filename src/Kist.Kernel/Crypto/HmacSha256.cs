using System.Security.Cryptography;

namespace Kist.Kernel.Crypto;

/// <summary>
/// HMAC-SHA-256 (RFC 2104) under one key, many times: making a context costs three times as much as using one. Not for
/// use from two threads.
/// </summary>
internal sealed unsafe class HmacSha256 : IDisposable
{
    public const int Bytes = SHA256.HashSizeInBytes;

    private readonly IncrementalHash? _library;
    private nint _context;

    /// <summary>A context with <paramref name="key"/>, which is copied.</summary>
    public HmacSha256(ReadOnlySpan<byte> key) : this(key, byLibrary: !LibCrypto.IsHere)
    {
    }

    /// <summary>The same, by the base class library or by the system's own.</summary>
    internal HmacSha256(ReadOnlySpan<byte> key, bool byLibrary)
    {
        if (byLibrary)
        {
            GC.SuppressFinalize(this);
            _library = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
            return;
        }
        if (key.IsEmpty) throw new ArgumentException("a key has at least one byte", nameof(key));
        _context = LibCrypto.NewHmacContext();
        fixed (byte* bytes = key)
            LibCrypto.Must(_context != 0
                && LibCrypto.InitHmac(_context, bytes, key.Length, LibCrypto.Sha256, 0) == 1);
    }

    ~HmacSha256() => Free();

    /// <summary>Writes the 32 bytes of the keyed hash of <paramref name="text"/>.</summary>
    public void Hash(ReadOnlySpan<byte> text, Span<byte> hash)
    {
        if (_library is not null)
        {
            _library.AppendData(text);
            _library.GetHashAndReset(hash);
            return;
        }
        ObjectDisposedException.ThrowIf(_context == 0, this);
        if (hash.Length < Bytes) throw new ArgumentException("a hash has 32 bytes", nameof(hash));
        bool isDone;
        fixed (byte* from = text)
        fixed (byte* to = hash)
            // Without a key: again with the one it has.
            isDone = LibCrypto.InitHmac(_context, null, 0, 0, 0) == 1
                && (text.IsEmpty || LibCrypto.UpdateHmac(_context, from, (nuint)text.Length) == 1)
                && LibCrypto.FinishHmac(_context, to, null) == 1;
        GC.KeepAlive(this);
        LibCrypto.Must(isDone);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _library?.Dispose();
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        // Zeroes the key.
        if (Interlocked.Exchange(ref _context, 0) is not 0 and var context) LibCrypto.FreeHmacContext(context);
    }
}
