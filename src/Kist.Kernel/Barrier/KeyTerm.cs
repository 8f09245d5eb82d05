using Kist.Kernel.Crypto;
using Kist.Secrets;

namespace Kist.Kernel.Barrier;

/// <summary>
/// One 256-bit key and a pool of ciphers made from it. A cipher object must not be used by two threads at once, and
/// readers take no lock, so ciphers are taken from and put back into slots by one atomic exchange.
/// </summary>
internal sealed class KeyTerm(uint number, DateTimeOffset installedAt, LockedMemory key) : IDisposable
{
    public const int KeyBytes = GcmCipher.KeyBytes;
    private const int SlotCount = 16;
    private readonly GcmCipher?[] _idle = new GcmCipher?[SlotCount];
    private volatile bool _disposed;

    /// <summary>1, 2, … for keys of the keyring; 0 for the root key, which encrypts the keyring only.</summary>
    public uint Number { get; } = number;

    public DateTimeOffset InstalledAt { get; } = installedAt;

    /// <summary>Copies the key for the keyring's record; the caller zeroes the copy.</summary>
    public void CopyKeyTo(Span<byte> target)
    {
        try
        {
            key.CopyTo(target);
        }
        catch (ObjectDisposedException)
        {
            throw new SealedException();
        }
    }

    /// <summary>A cipher for the caller alone until <see cref="Return"/>. Throws when the key is gone.</summary>
    public GcmCipher Rent()
    {
        var start = Thread.GetCurrentProcessorId();
        for (var i = 0; i < SlotCount; i++)
        {
            ref var slot = ref _idle[(uint)(start + i) % SlotCount];
            if (slot is not null && Interlocked.Exchange(ref slot, null) is { } cipher) return cipher;
        }
        try
        {
            return key.Use(0, static (bytes, _) => new GcmCipher(bytes));
        }
        catch (ObjectDisposedException)
        {
            throw new SealedException();
        }
    }

    public void Return(GcmCipher cipher)
    {
        var start = Thread.GetCurrentProcessorId();
        for (var i = 0; i < SlotCount && !_disposed; i++)
        {
            ref var slot = ref _idle[(uint)(start + i) % SlotCount];
            if (slot is not null || Interlocked.CompareExchange(ref slot, cipher, null) is not null) continue;
            // Dispose may have swept the slots between the check above and the exchange: then take it out again.
            if (_disposed && Interlocked.CompareExchange(ref slot, null, cipher) == cipher) cipher.Dispose();
            return;
        }
        cipher.Dispose();
    }

    public void Dispose()
    {
        _disposed = true;
        key.Dispose();
        for (var i = 0; i < SlotCount; i++) Interlocked.Exchange(ref _idle[i], null)?.Dispose();
    }
}
