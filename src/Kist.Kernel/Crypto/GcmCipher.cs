using System.Security.Cryptography;

namespace Kist.Kernel.Crypto;

/// <summary>
/// AES-256-GCM (NIST SP 800-38D) with a nonce of 12 bytes and a tag of 16, under one key. Not for use from two threads.
/// </summary>
internal sealed unsafe class GcmCipher : IDisposable
{
    public const int KeyBytes = 32, NonceBytes = 12, TagBytes = 16;

    private readonly AesGcm? _library;
    private nint _context;

    /// <summary>A cipher with <paramref name="key"/>, which is copied.</summary>
    public GcmCipher(ReadOnlySpan<byte> key) : this(key, byLibrary: !LibCrypto.IsHere)
    {
    }

    /// <summary>The same, by the base class library or by the system's own.</summary>
    internal GcmCipher(ReadOnlySpan<byte> key, bool byLibrary)
    {
        if (key.Length != KeyBytes) throw new ArgumentException("a key has 32 bytes", nameof(key));
        if (byLibrary)
        {
            GC.SuppressFinalize(this);
            _library = new AesGcm(key, TagBytes);
            return;
        }
        _context = LibCrypto.NewCipherContext();
        fixed (byte* bytes = key)
            LibCrypto.Must(_context != 0
                && LibCrypto.InitCipher(_context, LibCrypto.Aes256Gcm, bytes, null, 1, 0) == 1);
    }

    ~GcmCipher() => Free();

    /// <summary>Encrypts into <paramref name="cipher"/>, which is as long as <paramref name="plain"/>.</summary>
    public void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> cipher, Span<byte> tag,
        ReadOnlySpan<byte> associated)
    {
        if (_library is not null)
        {
            _library.Encrypt(nonce, plain, cipher, tag, associated);
            return;
        }
        CheckLengths(nonce, plain, cipher, tag);
        fixed (byte* mark = tag)
        {
            LibCrypto.Must(Run(nonce, associated, plain, cipher, encrypts: true)
                && Finish()
                && LibCrypto.ControlCipher(_context, LibCrypto.GetTag, TagBytes, mark) == 1);
        }
        GC.KeepAlive(this);
    }

    /// <summary>
    /// Decrypts into <paramref name="plain"/>, which is as long as <paramref name="cipher"/>. Throws
    /// <see cref="AuthenticationTagMismatchException"/>, and then nothing of it is left in <paramref name="plain"/>.
    /// </summary>
    public void Decrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> cipher, ReadOnlySpan<byte> tag, Span<byte> plain,
        ReadOnlySpan<byte> associated)
    {
        if (_library is not null)
        {
            _library.Decrypt(nonce, cipher, tag, plain, associated);
            return;
        }
        CheckLengths(nonce, cipher, plain, tag);
        bool isRead;
        fixed (byte* mark = tag)
            isRead = Run(nonce, associated, cipher, plain, encrypts: false)
                && LibCrypto.ControlCipher(_context, LibCrypto.SetTag, TagBytes, mark) == 1;
        var isWhole = isRead && Finish();
        GC.KeepAlive(this);
        if (isWhole) return;
        CryptographicOperations.ZeroMemory(plain);
        LibCrypto.Must(isRead);
        LibCrypto.ClearErrors();
        throw new AuthenticationTagMismatchException();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _library?.Dispose();
        Free();
        GC.SuppressFinalize(this);
    }

    private bool Run(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associated, ReadOnlySpan<byte> input,
        Span<byte> output, bool encrypts)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        int written;
        fixed (byte* number = nonce)
        fixed (byte* more = associated)
        fixed (byte* from = input)
        fixed (byte* to = output)
            return LibCrypto.InitCipher(_context, 0, null, number, encrypts ? 1 : 0, 0) == 1
                && (associated.IsEmpty
                    || LibCrypto.UpdateCipher(_context, null, &written, more, associated.Length) == 1)
                && (input.IsEmpty || LibCrypto.UpdateCipher(_context, to, &written, from, input.Length) == 1);
    }

    private bool Finish()
    {
        int written;
        var nothing = stackalloc byte[16];
        return LibCrypto.FinishCipher(_context, nothing, &written) == 1;
    }

    private void Free()
    {
        // Zeroes the key.
        if (Interlocked.Exchange(ref _context, 0) is not 0 and var context) LibCrypto.FreeCipherContext(context);
    }

    private static void CheckLengths(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> input, ReadOnlySpan<byte> output, ReadOnlySpan<byte> tag)
    {
        if (nonce.Length != NonceBytes || tag.Length != TagBytes || input.Length != output.Length)
            throw new ArgumentException("a nonce has 12 bytes, a tag 16, and both texts are as long");
    }
}
