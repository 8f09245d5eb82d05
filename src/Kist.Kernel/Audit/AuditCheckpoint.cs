namespace Kist.Kernel.Audit;

/// <summary>
/// A signed line in the chain:
/// <c>{"time":…,"type":"checkpoint","checkpoint":{"reason":…,"sink":…,"seq":N,"prev":…,"key":…,"signature":…}}</c>
/// with the chain's fields behind. The signature (DER, base64) is over the line's bytes up to <c>,"signature"</c>.
/// Because <c>prev</c> is among them, it vouches for every line before.
/// </summary>
internal static class AuditCheckpoint
{
    /// <summary>Appends a checkpoint that goes on from <paramref name="chain"/>, without closing brace and
    /// newline.</summary>
    public static void Write(
        LineBuffer to, AuditFormat format, AuditSigner signer, AuditChain chain, in CheckpointFacts facts)
    {
        var start = to.Length;
        to.Raw(format.Prefix);
        to.Raw("{\"time\":\""u8);
        to.Time(facts.Time);
        to.Raw("\",\"type\":\"checkpoint\",\"checkpoint\":{\"reason\":"u8);
        to.JsonString(facts.Reason);
        to.Raw(",\"sink\":"u8);
        to.JsonString(facts.Sink);
        to.Raw(",\"seq\":"u8);
        to.Number(chain.Sequence + 1);
        to.Raw(",\"prev\":\""u8);
        to.Raw(chain.Hash);
        to.Raw((byte)'"');
        if (facts.LostLines > 0)
        {
            to.Raw(",\"lost_lines\":"u8);
            to.Number(facts.LostLines);
        }
        if (facts.Expected is { } expected)
        {
            to.Raw(",\"expected_seq\":"u8);
            to.Number(expected.Sequence);
            to.Raw(",\"expected_hash\":"u8);
            to.JsonString(expected.Hash);
        }
        to.Raw(",\"key\":\""u8);
        to.Raw(signer.PublicKeyText);
        to.Raw((byte)'"');
        var signature = signer.Sign(to.Written[start..]);
        to.Raw(",\"signature\":\""u8);
        to.Raw(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(signature)));
        to.Raw("\"}"u8);
    }
}

/// <summary>What a checkpoint says beside the chain.</summary>
/// <param name="Time">When.</param>
/// <param name="Reason">open, interval, rotate or close.</param>
/// <param name="Sink">The sink's name.</param>
/// <param name="LostLines">Lines that did not reach the medium since the last checkpoint.</param>
/// <param name="Expected"> Where the server knew the chain to stand, when the medium says otherwise: lines were cut
/// off or the file was replaced.
/// </param>
internal readonly record struct CheckpointFacts(
    DateTimeOffset Time, string Reason, string Sink, long LostLines = 0, ChainHead? Expected = null);
