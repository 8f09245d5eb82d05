using Kist.Secrets;

namespace Kist.Formats.Sops;

/// <summary>The key that every value of one file is encrypted with: 32 bytes, zeroed on disposal.</summary>
public sealed class DataKey : IDisposable
{
    /// <summary>Its length in bytes.</summary>
    public const int Bytes = 32;

    private readonly SecretBuffer _key;

    private DataKey(SecretBuffer key) => _key = key;

    internal ReadOnlySpan<byte> Span => _key.Span;

    /// <summary>A random key for a new file, or for one whose key is changed.</summary>
    public static DataKey New()
    {
        var key = SecretBuffer.Rent(Bytes);
        System.Security.Cryptography.RandomNumberGenerator.Fill(key.Span);
        return new DataKey(key);
    }

    /// <summary>The data key of <paramref name="metadata"/>, opened with <paramref name="sources"/>: in each group the
    /// first key that opens, keys of the kinds in <paramref name="order"/> first.</summary>
    public static ValueTask<SopsOutcome<DataKey>> UnwrapAsync(SopsMetadata metadata,
        IReadOnlyList<ISopsKeySource> sources, IReadOnlyList<string> order, CancellationToken ct) =>
        KeyWrapping.UnwrapAsync(metadata, sources, order, ct);

    /// <summary><paramref name="metadata"/> with this key encrypted to each of its master keys, in shares where there
    /// is more than one group. No key that was encrypted before stays.</summary>
    public ValueTask<SopsOutcome<SopsMetadata>> WrapAsync(
        SopsMetadata metadata, IReadOnlyList<ISopsKeySource> sources, CancellationToken ct) =>
        KeyWrapping.WrapAsync(this, metadata, sources, ct);

    /// <summary>The key of these bytes, which become its own; a fault for another length.</summary>
    public static SopsOutcome<DataKey> Of(SecretBuffer bytes)
    {
        if (bytes.Length == Bytes) return new DataKey(bytes);
        var length = bytes.Length;
        bytes.Dispose();
        return new SopsFault(SopsExit.DecryptTree, $"a data key has {Bytes} bytes, this one has {length}");
    }

    internal ReadOnlyMemory<byte> Memory => _key.Memory;

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the key.</summary>
    public void Dispose() => _key.Dispose();
}
