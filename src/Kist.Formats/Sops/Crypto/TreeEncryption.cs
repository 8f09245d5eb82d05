using System.Security.Cryptography;
using System.Text;

namespace Kist.Formats.Sops.Crypto;

/// <summary>Makes the encrypted tree of a plain one, and its MAC on the way.</summary>
internal sealed class TreeEncryption(TreeWalk walk, ValueCipher cipher, Mac mac, NonceStash? nonces)
{
    private byte[] _data = new byte[1024];
    private int _depth;

    /// <summary>The first thing that went wrong.</summary>
    public SopsFault? Fault { get; private set; }

    /// <summary>Encrypts a document; null where there is a fault.</summary>
    public SopsValue? Document(SopsValue document) =>
        Branch(document, new Scope(walk.Rules.EncryptsAtRoot, false));

    /// <summary>The encrypted form of a text that is bound to <paramref name="aad"/>.</summary>
    public static byte[] Seal(ValueCipher cipher, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[ValueCipher.NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        return Seal(cipher, aad, plain, nonce, "str"u8, new byte[plain.Length]);
    }

    private SopsValue? Branch(SopsValue branch, Scope scope)
    {
        if (++_depth > TreeWalk.MaxDepth) return Failed("maps and lists lie too deep in each other", branch);
        var items = new List<SopsItem>(branch.Branch.Count);
        foreach (var item in branch.Branch)
        {
            if (item.IsComment)
            {
                if (Comment(item.Value, ref scope) is not { } comment) return null;
                items.Add(new SopsItem("", comment));
                continue;
            }
            if (item.KeyType is not null)
                return Failed($"a key of the type {item.KeyType}: only text can be a key", item.Value);
            var back = walk.Enter(item.Key);
            if (Value(item.Value, item.Key, scope) is not { } value) return null;
            walk.Leave(back);
            items.Add(new SopsItem(item.Key, value));
            scope.Next();
        }
        _depth--;
        return SopsValue.OfBranch(items, branch.Line);
    }

    private SopsValue? List(SopsValue list, Scope scope)
    {
        if (++_depth > TreeWalk.MaxDepth) return Failed("maps and lists lie too deep in each other", list);
        var values = new List<SopsValue>(list.List.Count);
        for (var i = 0; i < list.List.Count; i++)
        {
            var item = list.List[i];
            walk.Enter(i);
            var value = item.Kind == SopsKind.Comment ? ListComment(item, ref scope) : Value(item, null, scope);
            if (value is null) return null;
            walk.Leave();
            values.Add(value);
            if (item.Kind != SopsKind.Comment) scope.Next();
        }
        _depth--;
        return SopsValue.OfList(values, list.Line);
    }

    private SopsValue? Value(SopsValue value, string? key, Scope scope)
    {
        switch (value.Kind)
        {
            case SopsKind.Branch:
                return Branch(value, scope.Below(walk.Rules, key));
            case SopsKind.List:
                return List(value, scope.Below(walk.Rules, key));
            case SopsKind.Null:
                return value;
            case SopsKind.Unsigned:
                return Failed("a number beyond 64 bits cannot be kept; write it in quotes", value);
        }
        var encrypted = scope.Encrypts(walk.Rules, key);
        mac.Add(value, encrypted);
        if (!encrypted || (value.Kind == SopsKind.Text && value.Bytes.IsEmpty)) return value;
        return SopsValue.OfText(Seal(value), value.Line);
    }

    private SopsValue? Comment(SopsValue comment, ref Scope scope)
    {
        if (!scope.TakeComment(walk.Rules, comment) || comment.Bytes.IsEmpty) return comment;
        var sealedText = Seal(comment);
        // It would count as a match when the file is read again.
        return walk.Rules.Selection == SopsSelection.UnencryptedCommentRegex
            && walk.Rules.Regex!.Matches(Encoding.ASCII.GetString(sealedText))
            ? Failed("an encrypted comment happens to match unencrypted_comment_regex; change the expression", comment)
            : SopsValue.OfComment(sealedText, comment.Inline, comment.Line);
    }

    /// <summary>In lists an encrypted comment stands as an item, because there comments have no place of their own in
    /// the tree of sops.</summary>
    private SopsValue? ListComment(SopsValue comment, ref Scope scope) =>
        Comment(comment, ref scope) is not { } result ? null
            : ReferenceEquals(result, comment) ? comment : SopsValue.OfText(result.Bytes, comment.Line);

    private byte[] Seal(SopsValue value)
    {
        Span<byte> number = stackalloc byte[400];
        var plain = value.Kind is SopsKind.Text or SopsKind.Comment or SopsKind.Time
            ? value.Bytes.Span : number[..PlainText.Write(value, number)];
        Span<byte> fresh = stackalloc byte[ValueCipher.NonceBytes];
        scoped var nonce = nonces is null ? default : nonces.Take(walk.Aad, value);
        if (nonce.IsEmpty)
        {
            RandomNumberGenerator.Fill(fresh);
            nonce = fresh;
        }
        if (_data.Length < plain.Length) _data = new byte[Math.Max(plain.Length, _data.Length * 2)];
        return Seal(cipher, walk.Aad, plain, nonce, TypeName(value.Kind), _data);
    }

    private static byte[] Seal(ValueCipher cipher, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plain,
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> type, Span<byte> data)
    {
        Span<byte> tag = stackalloc byte[ValueCipher.TagBytes];
        cipher.Seal(nonce, aad, plain, data[..plain.Length], tag);
        var text = new byte[EncryptedText.MaxLength(plain.Length) + System.Buffers.Text.Base64
            .GetMaxEncodedToUtf8Length(nonce.Length)];
        EncryptedText.Write(data[..plain.Length], nonce, tag, type, text, out var written);
        return text.AsSpan(0, written).ToArray();
    }

    private static ReadOnlySpan<byte> TypeName(SopsKind kind) => kind switch
    {
        SopsKind.Integer => "int"u8,
        SopsKind.Float => "float"u8,
        SopsKind.Boolean => "bool"u8,
        SopsKind.Time => "time"u8,
        SopsKind.Comment => "comment"u8,
        _ => "str"u8,
    };

    private SopsValue? Failed(string reason, SopsValue value)
    {
        Fault ??= walk.Fault(SopsExit.EncryptTree, reason, value);
        return null;
    }
}
