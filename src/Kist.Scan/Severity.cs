namespace Kist.Scan;

/// <summary>How much harm a finding means if it is real.</summary>
public enum Severity
{
    /// <summary>Worth a note: an identifier, a password hash, an encrypted key.</summary>
    Info,

    /// <summary>A test-mode key, or something whose checksum says it is a placeholder.</summary>
    Low,

    /// <summary>Restricted or expiring credentials.</summary>
    Medium,

    /// <summary>A credential that lets its finder in.</summary>
    High,

    /// <summary>A credential that lets its finder into everything: cloud keys, private keys, root tokens.</summary>
    Critical,
}

/// <summary>How sure the scanner is that a finding is a secret.</summary>
public enum Confidence
{
    /// <summary>Looks like one; not reported by default.</summary>
    Low,

    /// <summary>Name and value agree.</summary>
    Medium,

    /// <summary>The shape belongs to one provider only, or a checksum is right.</summary>
    High,

    /// <summary>It is a value that a store holds.</summary>
    Certain,
}
