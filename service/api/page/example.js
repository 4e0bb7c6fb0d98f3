/** An article of our own; places, people and figures are invented. */
export const EXAMPLE = `Alte Brücke in Talheim wird saniert 🌉

Der Stadtrat von Talheim hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. Die Arbeiten beginnen im Mai und dauern drei Monate. Nach Angaben der Verwaltung kostet das Vorhaben rund 2,4 Millionen Euro.

Für Autos ist die Brücke in dieser Zeit gesperrt. Fußgänger können sie weiter benutzen. Die Busse der Linie 12 fahren über die neue Straße im Süden der Stadt.

Die Bürgermeisterin Anna Berger sagte, die Sicherheit der Menschen habe Vorrang. Die Brücke wurde im Jahr 1931 gebaut und täglich von 8.000 Fahrzeugen genutzt. Im vergangenen Winter hatten Fachleute Risse im Beton gefunden.

Viele Bewohner haben lange auf diese Entscheidung gewartet. „Endlich tut sich etwas“, sagte ein Händler aus der Altstadt. Einige Geschäfte befürchten allerdings, dass im Sommer weniger Kunden kommen.
`;
