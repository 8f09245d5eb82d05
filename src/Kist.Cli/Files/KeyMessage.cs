using System.Text;
using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>
/// The messages of sops' key service (its <c>keyservice.proto</c>) in the wire format of protocol buffers: a key, and
/// the bytes to encrypt to it or to decrypt with it.
/// </summary>
internal static class KeyMessage
{
    private const int Bytes = 2;
    private static readonly string[] s_kinds = ["", "kms", "pgp", "gcp_kms", "azure_kv", "hc_vault", "age", "hckms"];

    /// <summary>A request: field 1 is the key, field 2 the bytes.</summary>
    public static byte[] Request(MasterKey key, ReadOnlySpan<byte> bytes)
    {
        var fields = new List<byte>();
        string[] texts = key switch
        {
            AgeMasterKey age => [age.Recipient],
            PgpMasterKey pgp => [pgp.Fingerprint],
            VaultMasterKey vault => [vault.VaultAddress, vault.EnginePath, vault.KeyName],
            KmsMasterKey kms => [kms.Arn, kms.Role],
            GcpKmsMasterKey gcp => [gcp.ResourceId],
            AzureMasterKey azure => [azure.VaultUrl, azure.Name, azure.Version],
            HckmsMasterKey hckms => [hckms.KeyId],
            _ => [],
        };
        for (var i = 0; i < texts.Length; i++) Add(fields, i + 1, Encoding.UTF8.GetBytes(texts[i]));
        if (key is KmsMasterKey aws)
        {
            foreach (var (name, value) in aws.Context)
            {
                var pair = new List<byte>();
                Add(pair, 1, Encoding.UTF8.GetBytes(name));
                Add(pair, 2, Encoding.UTF8.GetBytes(value));
                Add(fields, 3, [.. pair], always: true);
            }
            Add(fields, 4, Encoding.UTF8.GetBytes(aws.AwsProfile));
        }
        var typed = new List<byte>();
        Add(typed, Array.IndexOf(s_kinds, key.Kind), [.. fields], always: true);
        var request = new List<byte>();
        Add(request, 1, [.. typed], always: true);
        Add(request, 2, bytes);
        return [.. request];
    }

    /// <summary>An answer: field 1 is the bytes.</summary>
    public static byte[] Answer(ReadOnlySpan<byte> bytes)
    {
        var answer = new List<byte>();
        Add(answer, 1, bytes);
        return [.. answer];
    }

    /// <summary>Reads a request; null where it is none, or its key of no kind that is known.</summary>
    /// <param name="encrypted">Whether the bytes are the encrypted data key, rather than the plain one.</param>
    public static MasterKey? ReadRequest(byte[] message, bool encrypted, out byte[] bytes)
    {
        bytes = [];
        byte[]? key = null;
        foreach (var (number, value) in Fields(message) ?? [])
        {
            if (number == 1) key = value;
            if (number == 2) bytes = value;
        }
        if (key is null || Fields(key) is not [var (kind, fields), ..] || kind is < 1 or > 7
            || Fields(fields) is not { } own)
            return null;
        var enc = encrypted ? Encoding.UTF8.GetString(bytes) : "";
        string Text(int number)
        {
            foreach (var (n, value) in own)
                if (n == number) return Encoding.UTF8.GetString(value);
            return "";
        }
        return s_kinds[kind] switch
        {
            "age" => new AgeMasterKey(Text(1), enc),
            "pgp" => new PgpMasterKey(Text(1), "", enc),
            "hc_vault" => new VaultMasterKey(Text(1), Text(2), Text(3), "", enc),
            "kms" => new KmsMasterKey(Text(1), Text(2), Context(own), Text(4), "", enc),
            "gcp_kms" => new GcpKmsMasterKey(Text(1), "", enc),
            "azure_kv" => new AzureMasterKey(Text(1), Text(2), Text(3), "", enc),
            _ => new HckmsMasterKey(Text(1), "", enc),
        };
    }

    /// <summary>Reads an answer; null where it is none.</summary>
    public static byte[]? ReadAnswer(byte[] message)
    {
        if (Fields(message) is not { } fields) return null;
        foreach (var (number, value) in fields)
            if (number == 1) return value;
        return [];
    }

    private static List<KeyValuePair<string, string>> Context(List<(int Number, byte[] Value)> fields)
    {
        var context = new List<KeyValuePair<string, string>>();
        foreach (var (number, value) in fields)
        {
            if (number != 3 || Fields(value) is not { } pair) continue;
            var (name, text) = ("", "");
            foreach (var (part, bytes) in pair)
            {
                if (part == 1) name = Encoding.UTF8.GetString(bytes);
                if (part == 2) text = Encoding.UTF8.GetString(bytes);
            }
            context.Add(new(name, text));
        }
        context.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return context;
    }

    private static void Add(List<byte> to, int field, ReadOnlySpan<byte> value, bool always = false)
    {
        if (value.IsEmpty && !always) return;
        to.Add((byte)((field << 3) | Bytes));
        for (var length = value.Length; ; length >>= 7)
        {
            to.Add((byte)(length > 127 ? (length & 127) | 128 : length));
            if (length <= 127) break;
        }
        foreach (var one in value) to.Add(one);
    }

    // The fields that hold bytes, in order; others are passed over. Null where the message is cut.
    private static List<(int Number, byte[] Value)>? Fields(byte[] message)
    {
        var fields = new List<(int, byte[])>();
        for (var at = 0; at < message.Length;)
        {
            if (!Number(message, ref at, out var tag)) return null;
            switch (tag & 7)
            {
                case 0 when Number(message, ref at, out _): break;
                case 1 when message.Length - at >= 8: at += 8; break;
                case 5 when message.Length - at >= 4: at += 4; break;
                case Bytes when Number(message, ref at, out var length) && length <= (ulong)(message.Length - at):
                    fields.Add(((int)(tag >> 3), message[at..(at + (int)length)]));
                    at += (int)length;
                    break;
                default: return null;
            }
        }
        return fields;
    }

    private static bool Number(byte[] message, ref int at, out ulong number)
    {
        number = 0;
        for (var shift = 0; shift < 64 && at < message.Length; shift += 7)
        {
            var one = message[at++];
            number |= (ulong)(one & 127) << shift;
            if (one < 128) return true;
        }
        return false;
    }
}
