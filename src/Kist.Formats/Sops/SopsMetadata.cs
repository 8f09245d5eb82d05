namespace Kist.Formats.Sops;

/// <summary>Keys each of which opens the same share of the data key (the data key itself where there is one
/// group).</summary>
public sealed record KeyGroup(IReadOnlyList<MasterKey> Keys);

/// <summary>What a file says about itself under the name <c>sops</c>.</summary>
public sealed record SopsMetadata
{
    /// <summary>The version of the format that is written.</summary>
    public const string CurrentVersion = "3.13.2";

    /// <summary>The groups of keys, in the order of their shares.</summary>
    public required IReadOnlyList<KeyGroup> Groups { get; init; }

    /// <summary>How many groups are needed; 0: all of them.</summary>
    public int ShamirThreshold { get; init; }

    /// <summary>What is encrypted.</summary>
    public required SopsRules Rules { get; init; }

    /// <summary>When the file was encrypted last; bound to the MAC.</summary>
    public DateTimeOffset LastModified { get; init; }

    /// <summary>The encrypted MAC; empty where there is none.</summary>
    public string Mac { get; init; } = "";

    /// <summary>The version of the program that wrote the file.</summary>
    public string Version { get; init; } = CurrentVersion;
}
