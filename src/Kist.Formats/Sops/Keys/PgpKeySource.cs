using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Sops.Keys;

/// <summary>Data keys encrypted to OpenPGP keys, by the program <c>gpg</c> (SOPS_GPG_EXEC).</summary>
public sealed class PgpKeySource(KeyHost host) : ISopsKeySource
{
    private static readonly Dictionary<string, string> s_nothing = [];

    /// <inheritdoc/>
    public string Kind => "pgp";

    /// <inheritdoc/>
    public ValueTask<SopsOutcome<SecretBuffer>> UnwrapAsync(MasterKey key, CancellationToken ct)
    {
        if (Program(out var reason) is not { } gpg) return Fail(reason);
        using var output = gpg.Run(["--use-agent", "-d"], Encoding.UTF8.GetBytes(key.Enc), s_nothing, IsForeign,
            out var said);
        return output is null
            ? Fail($"gpg cannot decrypt with the secret keys of {Keyring}: {said}; "
                + $"import the secret key, or see gpg --list-secret-keys")
            : ValueTask.FromResult(SopsOutcome<SecretBuffer>.Of(SecretBuffer.Copy(output.WrittenSpan)));

        static ValueTask<SopsOutcome<SecretBuffer>> Fail(string reason) =>
            ValueTask.FromResult(SopsOutcome<SecretBuffer>.Failed(SopsExit.NoDataKey, reason));
    }

    /// <inheritdoc/>
    public ValueTask<SopsOutcome<MasterKey>> WrapAsync(
        MasterKey key, ReadOnlyMemory<byte> part, CancellationToken ct)
    {
        var pgp = (PgpMasterKey)key;
        var fingerprint = pgp.Fingerprint.Replace(" ", "", StringComparison.Ordinal);
        if (fingerprint.Length is < 8 or > 64 || !fingerprint.All(char.IsAsciiHexDigit))
            return Fail($"the PGP key {pgp.Fingerprint} is not named by its fingerprint: 40 hexadecimal digits");
        if (Program(out var reason) is not { } gpg) return Fail($"the PGP key {fingerprint}: {reason}");
        List<string> arguments = ["--no-default-recipient", "--yes", "--encrypt", "-a", "-r", fingerprint];
        if (fingerprint.Length >= 16) arguments.AddRange("--trusted-key", fingerprint[^16..]);
        arguments.Add("--no-encrypt-to");
        using var output = gpg.Run(arguments, part, s_nothing, IsForeign, out var said);
        return output is null
            ? Fail($"gpg cannot encrypt to {fingerprint} with the public keys of {Keyring}: {said}; import the public "
                + "key first: gpg --import, or gpg --recv-keys")
            : ValueTask.FromResult(SopsOutcome<MasterKey>.Of(pgp with
            {
                Enc = Encoding.ASCII.GetString(output.WrittenSpan).Trim(),
            }));

        static ValueTask<SopsOutcome<MasterKey>> Fail(string reason) =>
            ValueTask.FromResult(SopsOutcome<MasterKey>.Failed(SopsExit.Generic, reason));
    }

    private string Keyring => host.Value("GNUPGHOME") ?? host.InHome(".gnupg") ?? "GNUPGHOME, which is not set";

    private KeyProgram? Program(out string reason)
    {
        var named = host.Value("SOPS_GPG_EXEC");
        var program = KeyProgram.Find(named ?? "gpg", host, out reason);
        if (program is null)
            reason = named is null ? $"{reason}; install GnuPG, or set SOPS_GPG_EXEC" : $"SOPS_GPG_EXEC: {reason}";
        return program;
    }

    // Keys of other kinds are no business of gpg.
    private static bool IsForeign(string name) =>
        name.StartsWith("SOPS_AGE_", StringComparison.Ordinal) || name.StartsWith("AWS_", StringComparison.Ordinal)
        || name is "KIST_TOKEN" or "VAULT_TOKEN";
}
