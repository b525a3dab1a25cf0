"""The headings of timesheets in German, Spanish, French, Italian, Portuguese, Polish and Japanese, beside English.

Tools write their exports in the language of who exports. These are the words of each language for what a heading
means; one that is none of them is named under `columns` of the source.
"""

from __future__ import annotations

# By our name of the column, in the order of preference.
HEADINGS: dict[str, tuple[str, ...]] = {
    "start_date": (
        *("Startdatum", "Datum", "Anfangsdatum"),
        *("Fecha de inicio", "Fecha inicial", "Fecha"),
        *("Date de début", "Date de debut"),
        *("Data di inizio", "Data inizio"),
        *("Data de início", "Data de inicio", "Data inicial"),
        *("Data rozpoczęcia", "Data początkowa", "Data"),
        *("開始日", "日付"),
    ),
    "start_time": (
        *("Startzeit", "Anfangszeit", "Startuhrzeit", "Beginn"),
        *("Hora de inicio", "Hora inicial"),
        *("Heure de début", "Heure de debut"),
        *("Ora di inizio", "Ora inizio", "Orario di inizio"),
        *("Hora de início", "Horário de início"),
        *("Godzina rozpoczęcia", "Czas rozpoczęcia"),
        *("開始時刻", "開始時間"),
    ),
    "duration": (
        *(
            "Dauer (h)",
            "Duración (h)",
            "Durée (h)",
            "Durata (h)",
            "Duração (h)",
            "Czas trwania (h)",
            "期間 (h)",
            "時間 (h)",
        ),
        *("Dauer", "Duración", "Durée", "Durata", "Duração", "Czas trwania", "期間", "所要時間"),
        *("Stunden", "Horas", "Heures", "Ore", "Godziny", "時間"),
        *("Dauer (dezimal)", "Duración (decimal)", "Durée (décimale)", "Durée (décimal)", "Durata (decimale)"),
        *("Duração (decimal)", "Czas trwania (dziesiętny)", "期間 (10進数)", "期間 (十進数)"),
    ),
    "project": ("Projekt", "Proyecto", "Projet", "Progetto", "Projeto", "プロジェクト"),
    "email": (
        *("E-Mail", "E-Mail-Adresse", "Correo electrónico", "Correo", "Adresse e-mail", "E-mail", "Courriel"),
        *("Indirizzo e-mail", "Endereço de e-mail", "Adres e-mail", "メール", "メールアドレス"),
    ),
    "user_name": (
        *("Benutzer", "Nutzer", "Mitglied", "Usuario", "Miembro", "Utilisateur", "Membre", "Utente", "Membro"),
        *("Usuário", "Utilizador", "Użytkownik", "Członek", "ユーザー", "メンバー"),
    ),
    "first_name": ("Vorname", "Nombre", "Prénom", "Nome", "Imię", "名"),
    "last_name": ("Nachname", "Apellido", "Apellidos", "Nom", "Cognome", "Sobrenome", "Nazwisko", "姓"),
    "role": (
        *("Rollen", "Gruppe", "Grupo", "Groupe", "Gruppo", "Grupa", "グループ", "Funciones", "Rôles", "Ruoli"),
        *("Funções", "Role", "役割"),
    ),
    "client": ("Kunde", "Cliente", "Klient", "クライアント"),
    "task": ("Aufgabe", "Tarea", "Tâche", "Attività", "Tarefa", "Zadanie", "タスク"),
    "description": (
        *("Beschreibung", "Notizen", "Descripción", "Notas", "Description", "Notes", "Descrizione", "Note"),
        *("Descrição", "Opis", "Notatki", "説明", "メモ"),
    ),
    "tags": ("Schlagwörter", "Etiquetas", "Étiquettes", "Etichette", "Tagi", "Etykiety", "タグ"),
    "cost_amount": (
        *("Kostenbetrag", "Importe del coste", "Montant du coût", "Importo costo", "Valor do custo", "Kwota kosztu"),
    ),
    "cost_currency": ("Währung", "Moneda", "Divisa", "Devise", "Valuta", "Moeda", "Waluta", "通貨"),
}
