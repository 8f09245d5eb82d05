using Kist.Secrets;

namespace Kist.Formats.Sops;

/// <summary>Encrypts data keys to master keys of one kind and decrypts them.</summary>
public interface ISopsKeySource
{
    /// <summary>The kind of master key, see <see cref="MasterKey.Kind"/>.</summary>
    string Kind { get; }

    /// <summary>The key (or share) that is encrypted to <paramref name="key"/>, or why this source cannot open it:
    /// which keys were tried, where they were looked for. The caller disposes it.</summary>
    ValueTask<SopsOutcome<SecretBuffer>> UnwrapAsync(MasterKey key, CancellationToken ct);

    /// <summary><paramref name="key"/> with <paramref name="part"/> encrypted to it.</summary>
    ValueTask<SopsOutcome<MasterKey>> WrapAsync(MasterKey key, ReadOnlyMemory<byte> part, CancellationToken ct);
}
