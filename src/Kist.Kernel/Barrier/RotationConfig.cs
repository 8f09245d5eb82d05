namespace Kist.Kernel.Barrier;

/// <summary>
/// When the barrier installs a new key by itself; what <c>sys/rotate/config</c> shows and sets
/// (https://developer.hashicorp.com/vault/api-docs/system/rotate-config).
/// </summary>
/// <param name="Enabled">Whether the two limits below apply. At <see cref="MostOperations"/> a new key is installed
/// even when this is false: the bound is what makes random nonces safe.</param>
/// <param name="MaxOperations">Encryptions after which a new key is installed.</param>
/// <param name="Interval">Age after which a new key is installed; zero: never by age.</param>
public sealed record RotationConfig(bool Enabled, long MaxOperations, TimeSpan Interval)
{
    /// <summary>The most encryptions with one key: with 96-bit random nonces the chance that two are equal stays
    /// below 2⁻³² (NIST SP 800-38D, 8.3), with a margin of a tenth.</summary>
    public const long MostOperations = 3_865_470_566;

    /// <summary>The least that the API accepts.</summary>
    public const long LeastOperations = 1_000_000;

    /// <summary>The shortest interval that the API accepts, besides zero.</summary>
    public static readonly TimeSpan LeastInterval = TimeSpan.FromHours(24);

    /// <summary>The least that the barrier can work with: one key must last for one batch and its own bookkeeping.
    /// </summary>
    internal const long FewestOperations = 256;

    /// <summary>What holds until something else is set.</summary>
    public static RotationConfig Default { get; } = new(true, MostOperations, TimeSpan.Zero);

    internal long Bound => Enabled ? Math.Min(MaxOperations, MostOperations) : MostOperations;

    internal int FirstChunk => (int)Math.Min(OperationBudget.Chunk, Bound);
}

/// <summary>The key that encrypts now.</summary>
/// <param name="Term">Its number, from 1.</param>
/// <param name="InstalledAt">When it was installed.</param>
/// <param name="Encryptions">How many entries it encrypted: exact since the process started, rounded up over restarts
/// and crashes, never too low on one node.</param>
public readonly record struct KeyStatus(uint Term, DateTimeOffset InstalledAt, long Encryptions);
