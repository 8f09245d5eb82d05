namespace Kist.Scan;

/// <summary>One secret at one place.</summary>
public sealed class Finding
{
    /// <summary>The rule that found it.</summary>
    public required Rule Rule { get; init; }

    /// <summary>Where the content came from.</summary>
    public required PieceInfo Origin { get; init; }

    /// <summary>The line the secret begins in, from 1.</summary>
    public required int StartLine { get; init; }

    /// <summary>The line the secret ends in.</summary>
    public required int EndLine { get; init; }

    /// <summary>The column (bytes, from 1) of the secret's first byte.</summary>
    public required int StartColumn { get; init; }

    /// <summary>The column of the secret's last byte.</summary>
    public required int EndColumn { get; init; }

    /// <summary>Where the secret begins in the piece, in bytes (of the piece as given, also for UTF-16).</summary>
    public required int Offset { get; init; }

    /// <summary>The bytes of the secret in the piece as given.</summary>
    public required int Length { get; init; }

    /// <summary>The secret, as UTF-8. Never for output: see <see cref="Masked"/>.</summary>
    public required ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>The line around the secret as UTF-8, at most 512 bytes, the secret in it masked.</summary>
    public required string MaskedLine { get; init; }

    /// <summary>The secret with all but its well-known prefix and a few characters hidden.</summary>
    public required string Masked { get; init; }

    /// <summary>How much harm it means; a wrong checksum lowers it below the rule's.</summary>
    public required Severity Severity { get; init; }

    /// <summary>How sure the scanner is.</summary>
    public required Confidence Confidence { get; init; }

    /// <summary>Shannon entropy of the secret, bits per byte.</summary>
    public required double Entropy { get; init; }

    /// <summary>What spoke for it, in one sentence, without the value.</summary>
    public required string Why { get; init; }

    /// <summary>The rule and the place; never the value.</summary>
    public override string ToString() => $"{Rule.Id} at {Origin.Path}:{StartLine}:{StartColumn}";
}
