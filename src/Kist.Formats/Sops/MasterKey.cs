namespace Kist.Formats.Sops;

/// <summary>
/// One entry of the metadata: a key of a person or a service, and the data key (or a share of it) encrypted to it.
/// Fields stand as they are in the file.
/// </summary>
/// <param name="Enc">The encrypted data key in the form of its kind; empty before it has been encrypted.</param>
public abstract record MasterKey(string Enc)
{
    /// <summary>The name of the list it stands in: <c>age</c>, <c>pgp</c>, <c>hc_vault</c>, <c>kms</c>, <c>gcp_kms</c>,
    /// <c>azure_kv</c> or <c>hckms</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>Which key it is, for people and to compare with another: recipient, fingerprint, address.</summary>
    public abstract string Id { get; }
}

/// <summary>An age recipient: <c>age1…</c>, <c>age1pq1…</c>, an SSH public key, or one of a plug-in.</summary>
public sealed record AgeMasterKey(string Recipient, string Enc = "") : MasterKey(Enc)
{
    /// <inheritdoc/>
    public override string Kind => "age";
    /// <inheritdoc/>
    public override string Id => Recipient;
}

/// <summary>An OpenPGP key by its fingerprint. <paramref name="CreatedAt"/> is in RFC 3339, here as below.</summary>
public sealed record PgpMasterKey(string Fingerprint, string CreatedAt, string Enc = "") : MasterKey(Enc)
{
    /// <inheritdoc/>
    public override string Kind => "pgp";
    /// <inheritdoc/>
    public override string Id => Fingerprint;
}

/// <summary>A key of the transit engine of Vault, or of Kist.</summary>
public sealed record VaultMasterKey(
    string VaultAddress, string EnginePath, string KeyName, string CreatedAt, string Enc = "") : MasterKey(Enc)
{
    /// <inheritdoc/>
    public override string Kind => "hc_vault";
    /// <inheritdoc/>
    public override string Id => $"{VaultAddress}/v1/{EnginePath}/keys/{KeyName}";
}

/// <summary>A key of AWS KMS.</summary>
/// <param name="Context">The encryption context, in order of names; may be empty.</param>
public sealed record KmsMasterKey(
    string Arn, string Role, IReadOnlyList<KeyValuePair<string, string>> Context, string AwsProfile, string CreatedAt,
    string Enc = "") : MasterKey(Enc)
{
    /// <inheritdoc/>
    public override string Kind => "kms";
    /// <inheritdoc/>
    public override string Id => Role.Length == 0 ? Arn : $"{Arn}+{Role}";
}

/// <summary>A key of Google Cloud KMS.</summary>
public sealed record GcpKmsMasterKey(string ResourceId, string CreatedAt, string Enc = "") : MasterKey(Enc)
{
    /// <inheritdoc/>
    public override string Kind => "gcp_kms";
    /// <inheritdoc/>
    public override string Id => ResourceId;
}

/// <summary>A key of Azure Key Vault.</summary>
public sealed record AzureMasterKey(
    string VaultUrl, string Name, string Version, string CreatedAt, string Enc = "") : MasterKey(Enc)
{
    /// <inheritdoc/>
    public override string Kind => "azure_kv";
    /// <inheritdoc/>
    public override string Id => $"{VaultUrl}/keys/{Name}/{Version}";
}

/// <summary>A key of Huawei Cloud KMS.</summary>
public sealed record HckmsMasterKey(string KeyId, string CreatedAt, string Enc = "") : MasterKey(Enc)
{
    /// <inheritdoc/>
    public override string Kind => "hckms";
    /// <inheritdoc/>
    public override string Id => KeyId;
}
