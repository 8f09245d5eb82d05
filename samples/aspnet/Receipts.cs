using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Shop;

/// <summary>The settings of the business: it neither knows nor asks where they come from.</summary>
public sealed class ShopOptions
{
    public string Name { get; set; } = "";

    public string SigningKey { get; set; } = "";
}

/// <summary>The business: receipts that nobody can forge.</summary>
public sealed class Receipts(IOptionsMonitor<ShopOptions> options)
{
    public string For(string order)
    {
        var shop = options.CurrentValue;
        var text = $"{shop.Name} received payment for order {order}";
        return $"{text}, signed {Sign(shop.SigningKey, text)}";
    }

    private static string Sign(string key, string text) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(text)))[..16];
}
